package dev.andante.format;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A whole file mapped read-only; the arena that was passed in owns the mapping. */
record MappedFile(Path path, MemorySegment bytes) {

  static MappedFile map(Path path, Arena arena) {
    requireRegular(path);
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = channel.size();
      MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      return new MappedFile(path, bytes.asReadOnly());
    } catch (IOException e) {
      throw new ModelFormatException(
          path, null, -1, "cannot be read; check its permissions and the disk", e);
    }
  }

  /** A pipe or device would block for ever, so only plain files (and links to them) are opened. */
  static void requireRegular(Path path) {
    if (!Files.isRegularFile(path)) {
      String problem =
          Files.exists(path)
              ? "is not a plain file; give a .gguf or .safetensors file, or a model directory"
              : "does not exist; check the path or download the model";
      throw new ModelFormatException(path, null, -1, problem);
    }
  }
}
