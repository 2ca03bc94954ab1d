package dev.andante.compute.onednn;

import dev.andante.compute.BackendException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The native libraries inside the jar.
 *
 * @param platform operating system and processor, as bytedeco's jars name them
 * @param names what oneDNN needs first, oneDNN itself last
 */
record NativeFiles(String platform, List<String> names) {

  /** Those for this machine. */
  static NativeFiles ofThisMachine() {
    return of(
        platform(
            System.getProperty("os.name", "unknown"), System.getProperty("os.arch", "unknown")));
  }

  static NativeFiles of(String platform) {
    return new NativeFiles(
        platform,
        switch (platform) {
          case "linux-x86_64", "linux-arm64" -> List.of("libgomp.so.1", "libdnnl.so.3");
          case "macosx-arm64" -> List.of("libomp.dylib", "libdnnl.3.dylib");
          case "macosx-x86_64" -> List.of("libiomp5.dylib", "libdnnl.3.dylib");
          default -> List.of();
        });
  }

  static String platform(String system, String processor) {
    String first = system.toLowerCase(Locale.ROOT).split(" ")[0];
    return (first.equals("mac") ? "macosx" : first)
        + "-"
        + switch (processor) {
          case "amd64" -> "x86_64";
          case "aarch64" -> "arm64";
          default -> processor;
        };
  }

  /** Empty if the libraries are there. Reads nothing, unpacks nothing. */
  String missing() {
    if (names.isEmpty()) {
      return "oneDNN is not built for " + platform;
    }
    for (String name : names) {
      if (resource(name) == null) {
        return name
            + " for "
            + platform
            + " is not on the class path; build with -Donednn.platform="
            + platform;
      }
    }
    return "";
  }

  /**
   * Unpacks the libraries into a temporary folder, opens oneDNN there and deletes the folder: the
   * loader keeps what it has mapped.
   *
   * @param open is given where oneDNN lies
   * @throws BackendException if they are missing or cannot be unpacked
   */
  <T> T unpacked(Function<Path, T> open) {
    String missing = missing();
    if (!missing.isEmpty()) {
      throw new BackendException(missing);
    }
    try {
      Path folder = Files.createTempDirectory("andante-onednn");
      try {
        for (String name : names) {
          copy(name, folder.resolve(name));
        }
        return open.apply(folder.resolve(names.getLast()));
      } finally {
        for (String name : names) {
          Files.deleteIfExists(folder.resolve(name));
        }
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new BackendException(
          "oneDNN cannot be unpacked: "
              + e
              + "; it needs 100 MB in a folder that may be written to: set -Djava.io.tmpdir=FOLDER",
          e);
    }
  }

  private void copy(String name, Path target) throws IOException {
    URL resource = resource(name);
    if (resource == null) {
      throw new IOException(name + " is gone");
    }
    try (InputStream library = resource.openStream()) {
      Files.copy(library, target);
    }
  }

  private @Nullable URL resource(String name) {
    return NativeFiles.class.getResource("/org/bytedeco/dnnl/" + platform + "/" + name);
  }
}
