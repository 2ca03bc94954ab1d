package dev.andante.compute.cuda;

import jcuda.driver.CUstream;

/** A stream of the driver's; see {@link NativeFunction}. */
final class NativeStream extends CUstream {

  long handle() {
    return getNativePointer();
  }
}
