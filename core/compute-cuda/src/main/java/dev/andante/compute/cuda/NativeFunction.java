package dev.andante.compute.cuda;

import jcuda.driver.CUfunction;

/** A function of the driver's, whose handle {@link NativeLauncher} needs and JCuda hides. */
final class NativeFunction extends CUfunction {

  long handle() {
    return getNativePointer();
  }
}
