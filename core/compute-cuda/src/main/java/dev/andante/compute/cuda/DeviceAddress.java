package dev.andante.compute.cuda;

import jcuda.driver.CUdeviceptr;

/** Device pointers as the numbers they are, which JCuda keeps to itself. */
final class DeviceAddress extends CUdeviceptr {

  long value() {
    return getNativePointer() + getByteOffset();
  }

  static CUdeviceptr of(long address) {
    return new CUdeviceptr().withByteOffset(address);
  }
}
