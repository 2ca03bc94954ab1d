package dev.andante.host.model;

import dev.andante.compute.Backend;
import dev.andante.format.WeightFile;
import dev.andante.model.LanguageModel;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.zip.CRC32;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which build of the code a product of a model passes through: the jars of the formats, the models,
 * the kernels, and of the probe, each by name, size and checksum. Times say nothing, as an image
 * gives all files the same.
 */
final class Build {

  private static final Logger LOG = LoggerFactory.getLogger(Build.class);

  private static final List<Class<?>> PARTS =
      List.of(WeightFile.class, LanguageModel.class, Backend.class, PrecisionProbe.class);

  private static final int PIECE_BYTES = 1 << 16;

  private Build() {}

  /** One line; empty where a part does not lie in a jar that can be read. */
  static Optional<String> of(Backend backend) {
    List<Class<?>> classes = new ArrayList<>(PARTS);
    classes.add(backend.getClass());
    return of(classes);
  }

  /** As {@link #of(Backend)}, of the jars of these classes. */
  static Optional<String> of(List<Class<?>> classes) {
    TreeSet<Path> jars = new TreeSet<>();
    for (Class<?> part : classes) {
      Optional<Path> jar = jarOf(part);
      if (jar.isEmpty()) {
        return Optional.empty();
      }
      jars.add(jar.get());
    }
    List<String> described = new ArrayList<>();
    for (Path jar : jars) {
      try {
        described.add(describe(jar));
      } catch (IOException e) {
        LOG.info("cannot tell which build this is: {}", e.toString());
        return Optional.empty();
      }
    }
    return Optional.of(String.join(", ", described));
  }

  private static Optional<Path> jarOf(Class<?> part) {
    CodeSource source = part.getProtectionDomain().getCodeSource();
    if (source == null || source.getLocation() == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(Path.of(source.getLocation().toURI())).filter(Files::isRegularFile);
    } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException e) {
      return Optional.empty(); // inside of another archive
    }
  }

  /** Name, bytes and CRC-32, which native code computes: a JVM that starts is slow at any other. */
  static String describe(Path jar) throws IOException {
    CRC32 checksum = new CRC32();
    byte[] piece = new byte[PIECE_BYTES];
    long bytes = 0;
    try (InputStream in = Files.newInputStream(jar)) {
      for (int read = in.read(piece); read > 0; read = in.read(piece)) {
        checksum.update(piece, 0, read);
        bytes += read;
      }
    }
    return "%s %d %08x".formatted(jar.getFileName(), bytes, checksum.getValue());
  }
}
