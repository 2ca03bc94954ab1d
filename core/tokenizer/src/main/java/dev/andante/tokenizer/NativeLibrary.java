package dev.andante.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.Properties;

/**
 * Loads Hugging Face's tokenizers from the DJL jar on the class path, once per process.
 *
 * <p>DJL's own loader is not used: it may download a library for the GPU that it finds, writes
 * below the home directory, and its tokenizer class reports every use to a server.
 */
final class NativeLibrary {
  private static final String ROOT = "native/lib/";

  /** Process-wide, as native libraries are. */
  private static boolean loaded;

  private NativeLibrary() {}

  /** Loads from a private temporary directory that is gone again when this returns. */
  static synchronized void load() {
    if (loaded) {
      return;
    }
    try {
      Path directory = Files.createTempDirectory("andante-tokenizers");
      Path library = directory.resolve(System.mapLibraryName("tokenizers"));
      try {
        extract(library);
        link(library);
      } finally {
        Files.deleteIfExists(library);
        Files.deleteIfExists(directory);
      }
    } catch (IOException e) {
      throw new TokenizerException(
          "the native tokenizer cannot be written to the temporary directory; give a writable one"
              + " with -Djava.io.tmpdir, or configure a directory for native libraries",
          e);
    }
  }

  /** Loads from {@code directory}, where the library is put if it is not there yet. */
  static synchronized void load(Path directory) {
    if (loaded) {
      return;
    }
    Path library = directory.resolve(version() + "-" + System.mapLibraryName("tokenizers"));
    try {
      if (!Files.exists(library)) {
        Files.createDirectories(directory);
        Path partial = Files.createTempFile(directory, "tokenizers", ".part");
        try {
          extract(partial);
          Files.move(partial, library, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileAlreadyExistsException anotherProcessWasFirst) {
          // the same bytes, so use those
        } finally {
          Files.deleteIfExists(partial);
        }
      }
    } catch (IOException e) {
      throw new TokenizerException(
          "the native tokenizer cannot be written to " + directory + "; make it writable", e);
    }
    link(library);
  }

  private static void extract(Path target) throws IOException {
    String resource = ROOT + platform() + "/cpu/" + System.mapLibraryName("tokenizers");
    try (InputStream in = open(resource)) {
      Files.copy(in, target, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  @SuppressWarnings("restricted") // native access is granted to the whole class path
  private static void link(Path library) {
    try {
      System.load(library.toAbsolutePath().toString());
      loaded = true;
    } catch (UnsatisfiedLinkError e) {
      throw new TokenizerException(
          "the native tokenizer does not load here ("
              + e.getMessage()
              + "); it needs glibc and a directory that is not mounted noexec",
          e);
    }
  }

  private static String version() {
    Properties properties = new Properties();
    try (InputStream in = open(ROOT + "tokenizers.properties")) {
      properties.load(in);
    } catch (IOException e) {
      throw new TokenizerException("the tokenizers jar has no readable version", e);
    }
    return properties.getProperty("version", "unknown");
  }

  private static InputStream open(String resource) {
    InputStream in =
        ai.djl.huggingface.tokenizers.jni.TokenizersLibrary.class
            .getClassLoader()
            .getResourceAsStream(resource);
    if (in == null) {
      throw new TokenizerException(
          "there is no native tokenizer for this platform (" + resource + " is not in the jar)");
    }
    return in;
  }

  /** The platform as DJL's jar spells it; facts about the machine, not settings. */
  private static String platform() {
    String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String family = os.startsWith("mac") ? "osx" : os.startsWith("windows") ? "win" : "linux";
    String machine = System.getProperty("os.arch");
    return family + "-" + (machine.equals("amd64") ? "x86_64" : machine);
  }
}
