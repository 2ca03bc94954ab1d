package dev.andante.compute.ckernels;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The library of C kernels: taken out of the jar into a temporary file, loaded and checked, once a
 * process.
 */
@SuppressWarnings("restricted") // calling native code is what this class is for
final class KernelLibrary {

  private static final System.Logger LOG = System.getLogger(KernelLibrary.class.getName());

  /** Of the functions and layouts that this code knows; {@code ANDANTE_ABI} in kernels.h. */
  private static final int ABI = 7;

  /** The library with the best instruction set of this processor, or why there is none. */
  private sealed interface State {
    record Loaded(SymbolLookup symbols, InstructionSet best) implements State {}

    record Missing(String reason) implements State {}
  }

  private static final State STATE = load();

  private KernelLibrary() {}

  /** Empty if the library can be used, else why not. */
  static String unavailableReason() {
    return switch (STATE) {
      case State.Loaded loaded -> "";
      case State.Missing missing -> missing.reason();
    };
  }

  /**
   * @throws IllegalStateException if there is none
   */
  static SymbolLookup symbols() {
    return loaded().symbols();
  }

  /** As {@link #symbols}. */
  static InstructionSet best() {
    return loaded().best();
  }

  private static State.Loaded loaded() {
    if (STATE instanceof State.Loaded loaded) {
      return loaded;
    }
    throw new IllegalStateException(unavailableReason());
  }

  private static State load() {
    String resource = platform() + "/libandante.so";
    try (InputStream library = KernelLibrary.class.getResourceAsStream(resource)) {
      return load(library == null ? null : library.readAllBytes());
    } catch (IOException e) {
      return broken("it cannot be taken out of the jar: " + e.getMessage());
    }
  }

  /** What would be wrong with this library, null being none. */
  static String unavailableReason(byte @Nullable [] library) {
    return load(library) instanceof State.Missing missing ? missing.reason() : "";
  }

  private static State load(byte @Nullable [] library) {
    if (library == null) {
      return new State.Missing(
          "not built for "
              + platform()
              + " (the build needs a C compiler; Debian, Ubuntu: apt-get install gcc libc6-dev)");
    }
    try {
      return open(library);
    } catch (IOException e) {
      return broken("it cannot be written to a temporary file: " + e.getMessage());
    } catch (IllegalArgumentException | UnsatisfiedLinkError e) {
      return broken(e.getMessage());
    } catch (IllegalCallerException e) {
      return new State.Missing("the JVM was started without --enable-native-access");
    }
  }

  private static State open(byte[] library) throws IOException {
    Path file = Files.createTempFile("andante-kernels", ".so");
    try {
      Files.write(file, library);
      SymbolLookup symbols = SymbolLookup.libraryLookup(file, Arena.global());
      int abi = call(symbols, "andante_abi");
      if (abi != ABI) {
        return broken("it is of version " + abi + ", not " + ABI);
      }
      int isa = call(symbols, "andante_isa");
      InstructionSet best = null;
      for (InstructionSet set : InstructionSet.values()) {
        if (set.code() <= isa) {
          best = set;
        }
      }
      return best == null
          ? new State.Missing("the processor has no AVX2, FMA and F16C")
          : new State.Loaded(symbols, best);
    } finally {
      Files.deleteIfExists(file); // the loader keeps what it mapped
    }
  }

  private static int call(SymbolLookup symbols, String name) {
    try {
      return (int)
          Linker.nativeLinker()
              .downcallHandle(
                  symbols.findOrThrow(name), FunctionDescriptor.of(ValueLayout.JAVA_INT))
              .invokeExact();
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static State broken(String why) {
    LOG.log(System.Logger.Level.WARNING, "the native kernels cannot be used: {0}", why);
    return new State.Missing("the library is broken: " + why);
  }

  /** As the build names it: {@code linux-x86_64}. */
  static String platform() {
    String arch = System.getProperty("os.arch", "unknown");
    return System.getProperty("os.name", "unknown").toLowerCase(Locale.ROOT).replace(' ', '-')
        + "-"
        + (arch.equals("amd64") ? "x86_64" : arch);
  }
}
