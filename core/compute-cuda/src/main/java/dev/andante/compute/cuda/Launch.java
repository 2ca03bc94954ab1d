package dev.andante.compute.cuda;

import java.util.Arrays;

/**
 * One kernel launch: what runs, over which grid, with which arguments. Two launches that are equal
 * do the same.
 *
 * @param shared bytes of dynamic shared memory
 */
record Launch(Kernel kernel, int x, int y, int z, int threads, int shared, byte[] arguments) {

  @Override
  @SuppressWarnings("ReferenceEquality") // Kernels makes one object of each
  public boolean equals(Object other) {
    return other instanceof Launch that
        && kernel == that.kernel
        && x == that.x
        && y == that.y
        && z == that.z
        && threads == that.threads
        && shared == that.shared
        && Arrays.equals(arguments, that.arguments);
  }

  @Override
  public int hashCode() {
    return (((System.identityHashCode(kernel) * 31 + x) * 31 + y) * 31 + z) * 31
        + Arrays.hashCode(arguments);
  }
}
