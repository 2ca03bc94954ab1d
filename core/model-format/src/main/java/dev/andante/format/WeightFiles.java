package dev.andante.format;

import java.nio.file.Files;
import java.nio.file.Path;

/** Opens model weights of either format. */
public final class WeightFiles {
  private WeightFiles() {}

  /**
   * @param path a {@code .gguf} file, a {@code .safetensors} file, or a directory with {@code
   *     config.json} and safetensors (one file, or shards with or without {@code
   *     model.safetensors.index.json})
   * @throws ModelFormatException if it is none of these, or anything about it is wrong
   */
  public static WeightFile open(Path path) {
    if (Files.isDirectory(path)) {
      return SafetensorsFile.open(path);
    }
    MappedFile.requireRegular(path);
    return path.toString().endsWith(".safetensors")
        ? SafetensorsFile.open(path)
        : GgufFile.open(path);
  }
}
