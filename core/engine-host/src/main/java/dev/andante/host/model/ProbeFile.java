package dev.andante.host.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file that keeps what a {@linkplain PrecisionProbe probe} found, for later starts: its key, in
 * full, and the divergence. It spares work and nothing else, so whatever is wrong with it is logged
 * and otherwise ignored. Processes may use a folder at the same time: a file appears in it whole.
 *
 * @param folder made if need be
 */
record ProbeFile(Path folder, ProbeKey key) {

  static final String PREFIX = "precision-";

  private static final Logger LOG = LoggerFactory.getLogger(ProbeFile.class);

  private static final int MOST_BYTES = 16 << 10;

  /** Builds and models come and go; what they leave behind does not grow without end. */
  private static final int MOST_FILES = 64;

  private static final Pattern FINDING =
      Pattern.compile("divergence: (-?\\d{1,9}\\.\\d{1,20}(?:E-?\\d{1,3})?) nats\n");

  /** In nats a token, finite; empty if nothing was kept, or nothing that can be understood. */
  OptionalDouble read() {
    Path file = path();
    try {
      OptionalDouble found = parse(text(file));
      if (found.isEmpty()) {
        LOG.info("the model is probed again: {} does not hold what was kept there", file);
      }
      return found;
    } catch (NoSuchFileException e) {
      return OptionalDouble.empty();
    } catch (IOException e) {
      LOG.info("the model is probed again: cannot read {}: {}", file, e.toString());
      return OptionalDouble.empty();
    }
  }

  /**
   * Keeps a divergence, in place of what the file held.
   *
   * @param divergence in nats a token; one that is not finite is not kept
   */
  void write(double divergence) {
    if (!Double.isFinite(divergence)) {
      return;
    }
    try {
      Files.createDirectories(folder);
      Path part = Files.createTempFile(folder, PREFIX, ".part");
      try {
        Files.writeString(part, key.text() + "divergence: " + divergence + " nats\n");
        Files.move(part, path(), StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(part);
      }
    } catch (IOException e) {
      LOG.info("the next start will probe again: cannot write to {}: {}", folder, e.toString());
      return;
    }
    try {
      removeOldest();
    } catch (IOException e) {
      LOG.info("old files stay in {}: {}", folder, e.toString());
    }
  }

  private Path path() {
    return folder.resolve(key.fileName());
  }

  /** Of no more than can be meant; opening anything but a plain file might wait for ever. */
  private static String text(Path file) throws IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new IOException("no plain file");
    }
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(MOST_BYTES), StandardCharsets.UTF_8);
    }
  }

  private OptionalDouble parse(String text) {
    if (!text.startsWith(key.text())) {
      return OptionalDouble.empty();
    }
    Matcher finding = FINDING.matcher(text.substring(key.text().length()));
    if (!finding.matches()) {
      return OptionalDouble.empty();
    }
    double divergence = Double.parseDouble(finding.group(1));
    return Double.isFinite(divergence) ? OptionalDouble.of(divergence) : OptionalDouble.empty();
  }

  private void removeOldest() throws IOException {
    record Aged(Path file, long modified) {}
    List<Aged> files = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, PREFIX + "*")) {
      for (Path file : all) {
        if (Files.isRegularFile(file)) {
          files.add(new Aged(file, file.toFile().lastModified())); // 0 if just removed by another
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    files.sort(Comparator.comparingLong(Aged::modified).reversed());
    for (Aged old : files.subList(Math.min(MOST_FILES, files.size()), files.size())) {
      Files.deleteIfExists(old.file());
    }
  }
}
