package dev.andante.format;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Mapped safetensors: one file, or the shards of a directory, with {@code config.json}. */
public final class SafetensorsFile implements WeightFile {
  private static final String CONFIG = "config.json";
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final int LARGEST_COMPANION = 1 << 27;
  private static final int MOST_SHARDS = 4096;

  private final Arena arena;
  private final Path path;
  private final Path directory;
  private final byte @Nullable [] configText;
  private final @Nullable Map<String, Object> config;
  private final List<SafetensorsShard> shards;
  private final Map<String, TensorInfo> tensors;
  private final Map<String, SafetensorsShard> shardOf;
  private @Nullable String fingerprint; // guarded by this

  private SafetensorsFile(
      Arena arena,
      Path path,
      Path directory,
      byte @Nullable [] configText,
      List<SafetensorsShard> shards,
      @Nullable SafetensorsIndex index) {
    this.arena = arena;
    this.path = path;
    this.directory = directory;
    this.configText = configText;
    this.config =
        configText == null ? null : Json.parseObject(directory.resolve(CONFIG), configText);
    this.shards = shards;
    Map<String, TensorInfo> all = new LinkedHashMap<>();
    Map<String, SafetensorsShard> homes = new LinkedHashMap<>();
    for (SafetensorsShard shard : shards) {
      collect(shard, index, all, homes);
    }
    if (index != null) {
      requireAll(index, all);
    }
    this.tensors = Collections.unmodifiableMap(all);
    this.shardOf = homes;
  }

  /**
   * @param path a directory with {@code config.json} and weights, or one {@code .safetensors} file;
   *     beside the latter a configuration is used if it is there
   * @throws ModelFormatException if files are missing, damaged or not supported
   */
  public static SafetensorsFile open(Path path) {
    boolean wholeDirectory = Files.isDirectory(path);
    Path directory = wholeDirectory ? path : path.toAbsolutePath().getParent();
    if (directory == null) {
      throw new ModelFormatException(path, null, -1, "has no directory");
    }
    Arena arena = Arena.ofShared();
    try {
      byte[] config = companion(directory, CONFIG).orElse(null);
      if (wholeDirectory && config == null) {
        throw new ModelFormatException(
            path, null, -1, "has no config.json; give a complete model directory or a GGUF file");
      }
      SafetensorsIndex index = wholeDirectory ? index(directory) : null;
      List<SafetensorsShard> shards = new ArrayList<>();
      for (Path file : wholeDirectory ? files(directory, index) : List.of(path)) {
        shards.add(SafetensorsShard.open(file, arena));
      }
      return new SafetensorsFile(arena, path, directory, config, List.copyOf(shards), index);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /**
   * A file that lies beside the weights, such as {@code tokenizer.json}; empty where there is none.
   *
   * @throws ModelFormatException if it cannot be read or is larger than 128 MiB
   */
  public Optional<byte[]> companion(String fileName) {
    return companion(directory, fileName);
  }

  /** The directory that holds the weights and the files beside them. */
  public Path directory() {
    return directory;
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public Metadata metadata() {
    return new Metadata(path, Map.of(), null);
  }

  @Override
  public Optional<Map<String, Object>> config() {
    return Optional.ofNullable(config);
  }

  @Override
  public Map<String, TensorInfo> tensors() {
    return tensors;
  }

  @Override
  public MemorySegment data(String tensor) {
    SafetensorsShard shard = shardOf.get(tensor);
    TensorInfo info = tensors.get(tensor);
    if (shard == null || info == null) {
      throw new ModelFormatException(path, tensor, -1, "there is no such tensor");
    }
    return shard.data(info);
  }

  @Override
  public synchronized String fingerprint() {
    if (fingerprint == null) {
      Fingerprint of = new Fingerprint();
      if (configText != null) {
        of.add(MemorySegment.ofArray(configText));
      }
      for (SafetensorsShard shard : shards) {
        MemorySegment bytes = shard.file().bytes();
        of.add(bytes.byteSize()).add(bytes.asSlice(0, shard.dataStart()));
      }
      fingerprint = of.sample(tensors.keySet().stream().map(this::data).toList()).hex();
    }
    return fingerprint;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  private static void collect(
      SafetensorsShard shard,
      @Nullable SafetensorsIndex index,
      Map<String, TensorInfo> all,
      Map<String, SafetensorsShard> homes) {
    Path file = shard.file().path();
    for (TensorInfo tensor : shard.tensors().values()) {
      String name = tensor.name();
      if (index != null && !String.valueOf(file.getFileName()).equals(index.shardOf().get(name))) {
        continue; // the index is the authority on what belongs to the model
      }
      if (all.put(name, tensor) != null) {
        throw new ModelFormatException(
            file, name, tensor.offset(), "is in another shard too; remove the file that is stale");
      }
      homes.put(name, shard);
    }
  }

  private static void requireAll(SafetensorsIndex index, Map<String, TensorInfo> all) {
    index
        .shardOf()
        .forEach(
            (tensor, shard) -> {
              if (!all.containsKey(tensor)) {
                throw new ModelFormatException(
                    index.path(),
                    tensor,
                    -1,
                    "is not in its shard " + shard + "; fetch the model again");
              }
            });
  }

  private static @Nullable SafetensorsIndex index(Path directory) {
    return companion(directory, INDEX)
        .map(text -> SafetensorsIndex.parse(directory.resolve(INDEX), text))
        .orElse(null);
  }

  private static List<Path> files(Path directory, @Nullable SafetensorsIndex index) {
    if (index != null) {
      return index.shards().stream().map(directory::resolve).toList();
    }
    if (Files.exists(directory.resolve(SINGLE))) {
      return List.of(directory.resolve(SINGLE));
    }
    try (Stream<Path> entries = Files.list(directory)) {
      List<Path> found =
          entries
              .filter(file -> file.toString().endsWith(".safetensors"))
              .sorted()
              .limit(MOST_SHARDS + 1L)
              .toList();
      if (found.isEmpty() || found.size() > MOST_SHARDS) {
        throw new ModelFormatException(
            directory, null, -1, "has " + found.size() + " .safetensors files; fetch the model");
      }
      return found;
    } catch (IOException | UncheckedIOException e) {
      throw new ModelFormatException(directory, null, -1, "cannot be listed", e);
    }
  }

  private static Optional<byte[]> companion(Path directory, String fileName) {
    Path file = directory.resolve(fileName);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    MappedFile.requireRegular(file);
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LARGEST_COMPANION + 1);
      if (bytes.length > LARGEST_COMPANION) {
        throw new ModelFormatException(
            file, null, LARGEST_COMPANION, "is larger than " + LARGEST_COMPANION + " bytes");
      }
      return Optional.of(bytes);
    } catch (IOException e) {
      throw new ModelFormatException(file, null, -1, "cannot be read; check its permissions", e);
    }
  }
}
