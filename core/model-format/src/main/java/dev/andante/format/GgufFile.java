package dev.andante.format;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A mapped GGUF file, version 2 or 3, little endian. */
public final class GgufFile implements WeightFile {
  private final Arena arena;
  private final MappedFile file;
  private final GgufHeader header;
  private final Metadata metadata;
  private @Nullable String fingerprint; // guarded by this

  private GgufFile(Arena arena, MappedFile file, GgufHeader header) {
    this.arena = arena;
    this.file = file;
    this.header = header;
    this.metadata =
        new Metadata(file.path(), header.metadata(), new GgufValues(file.path(), file.bytes()));
  }

  /**
   * @throws ModelFormatException if the file cannot be read, is damaged, or holds something that is
   *     not supported
   */
  public static GgufFile open(Path path) {
    Arena arena = Arena.ofShared();
    try {
      MappedFile file = MappedFile.map(path, arena);
      return new GgufFile(arena, file, GgufHeader.read(file));
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** The version of the container, 2 or 3. */
  public int version() {
    return header.version();
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public Metadata metadata() {
    return metadata;
  }

  @Override
  public Optional<Map<String, Object>> config() {
    return Optional.empty();
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    return header.tensors();
  }

  @Override
  public MemorySegment data(String tensor) {
    TensorInfo info = header.tensors().get(tensor);
    if (info == null) {
      throw new ModelFormatException(file.path(), tensor, -1, "there is no such tensor");
    }
    return file.bytes().asSlice(info.offset(), info.bytes());
  }

  @Override
  public synchronized String fingerprint() {
    if (fingerprint == null) {
      List<MemorySegment> data = header.tensors().keySet().stream().map(this::data).toList();
      fingerprint =
          new Fingerprint()
              .add(file.bytes().byteSize())
              .add(file.bytes().asSlice(0, header.dataStart()))
              .sample(data)
              .hex();
    }
    return fingerprint;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
