package dev.andante.format;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A weight file, or a file beside it, cannot be used. The message names the file, the tensor and
 * the byte offset where they are known, and what to do next.
 */
public class ModelFormatException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String path;
  private final @Nullable String tensor;
  private final long offset;

  /**
   * @param tensor the tensor concerned, or null
   * @param offset byte position in the file, or -1 where there is none to name
   */
  public ModelFormatException(Path path, @Nullable String tensor, long offset, String problem) {
    this(path, tensor, offset, problem, null);
  }

  public ModelFormatException(
      Path path, @Nullable String tensor, long offset, String problem, @Nullable Throwable cause) {
    super(describe(path, tensor, offset, problem), cause);
    this.path = path.toString();
    this.tensor = tensor;
    this.offset = offset;
  }

  public Path path() {
    return Path.of(path);
  }

  public @Nullable String tensor() {
    return tensor;
  }

  /** Byte position in the file, or -1 where there is none to name. */
  public long offset() {
    return offset;
  }

  private static String describe(Path path, @Nullable String tensor, long offset, String problem) {
    StringBuilder text = new StringBuilder().append(path);
    if (tensor != null) {
      text.append(", tensor '").append(Names.printable(tensor)).append('\'');
    }
    if (offset >= 0) {
      text.append(", byte ").append(offset);
    }
    return text.append(": ").append(problem).toString();
  }
}
