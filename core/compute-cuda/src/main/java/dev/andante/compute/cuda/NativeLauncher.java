package dev.andante.compute.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * {@code cuLaunchKernelEx}, which JCuda lacks: launches with attributes, here the one that lets a
 * kernel start while its predecessor still runs. Holds the structures that it passes; one thread at
 * a time.
 */
final class NativeLauncher implements AutoCloseable {

  // CUlaunchConfig: 7 ints, stream, attributes, number of attributes.
  private static final long CONFIG_BYTES = 56;
  private static final long STREAM = 32;
  private static final long ATTRIBUTES = 40;
  private static final long ATTRIBUTE_COUNT = 48;

  // CUlaunchAttribute: id, padding, a union of 64 bytes.
  private static final long ATTRIBUTE_BYTES = 72;
  private static final long ATTRIBUTE_VALUE = 8;
  private static final int PROGRAMMATIC_STREAM_SERIALIZATION = 6;

  private final Arena arena = Arena.ofShared();
  private final MethodHandle launch;
  private final MemorySegment config = arena.allocate(CONFIG_BYTES, 8);
  private final MemorySegment arguments = arena.allocate(KernelArguments.MAX_BYTES, 16);
  private final MemorySegment parameters = arena.allocate(8, 8);

  @SuppressWarnings("restricted") // the same library and the same flag as JCuda
  NativeLauncher(NativeStream stream) {
    SymbolLookup driver = SymbolLookup.libraryLookup("libcuda.so.1", arena);
    launch =
        Linker.nativeLinker()
            .downcallHandle(
                driver.find("cuLaunchKernelEx").orElseThrow(),
                FunctionDescriptor.of(
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_LONG));
    MemorySegment attribute = arena.allocate(ATTRIBUTE_BYTES, 8);
    attribute.set(ValueLayout.JAVA_INT, 0, PROGRAMMATIC_STREAM_SERIALIZATION);
    attribute.set(ValueLayout.JAVA_INT, ATTRIBUTE_VALUE, 1);
    config.set(ValueLayout.JAVA_LONG, STREAM, stream.handle());
    config.set(ValueLayout.ADDRESS, ATTRIBUTES, attribute);
    parameters.set(ValueLayout.ADDRESS, 0, arguments);
  }

  /** The driver's status. */
  int launch(Launch what) {
    byte[] bytes = what.arguments();
    MemorySegment.copy(bytes, 0, arguments, ValueLayout.JAVA_BYTE, 0, bytes.length);
    config.set(ValueLayout.JAVA_INT, 0, what.x());
    config.set(ValueLayout.JAVA_INT, 4, what.y());
    config.set(ValueLayout.JAVA_INT, 8, what.z());
    config.set(ValueLayout.JAVA_INT, 12, what.threads());
    config.set(ValueLayout.JAVA_INT, 16, 1);
    config.set(ValueLayout.JAVA_INT, 20, 1);
    config.set(ValueLayout.JAVA_INT, 24, what.shared());
    config.set(ValueLayout.JAVA_INT, ATTRIBUTE_COUNT, what.kernel().overlaps() ? 1 : 0);
    try {
      return (int) launch.invokeExact(config, what.kernel().function().handle(), parameters, 0L);
    } catch (Throwable e) {
      throw new IllegalStateException("calling the driver", e); // a downcall throws nothing
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
