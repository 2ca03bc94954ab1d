package dev.andante.compute.cuda;

/**
 * A function on the device, found by {@link Kernels}.
 *
 * @param overlaps whether it may start before its predecessor has finished: it waits by itself
 */
record Kernel(String name, NativeFunction function, boolean overlaps) {}
