package dev.andante.format;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * An opened model: a GGUF file, or safetensors files with their configuration. The weights are
 * mapped, not read; pages come in as they are touched and stay the kernel's to drop.
 *
 * <p>The caller owns the file and closes it. Files must not be truncated while they are open: the
 * JVM answers a read past the new end with an {@link InternalError}.
 */
public sealed interface WeightFile extends AutoCloseable permits GgufFile, SafetensorsFile {

  /** The file, or for a sharded model its directory. */
  Path path();

  /** The key/values of a GGUF file; empty for safetensors. Arrays are valid until close. */
  Metadata metadata();

  /**
   * The parsed {@code config.json} that stands beside safetensors; absent for GGUF. Values are
   * unmodifiable {@code Map<String, Object>}, {@code List<Object>}, {@code String}, {@code Long},
   * {@code Double}, {@code Boolean} or null.
   */
  Optional<Map<String, Object>> config();

  /** All tensors by name, in file order; unmodifiable. */
  Map<String, TensorInfo> tensors();

  /**
   * The tensor's bytes: a read-only view of the mapping, valid until {@link #close()}. Nothing is
   * said about its alignment, so read with the {@code _UNALIGNED} layouts, little endian.
   *
   * @throws ModelFormatException if there is no such tensor
   */
  MemorySegment data(String tensor);

  /**
   * SHA-256 in lower-case hex over headers, configuration, file sizes and samples of the weights (4
   * KiB spread over each of at most 64 tensors). Equal for equal models wherever they are stored;
   * an identity for caches and handshakes, not a protection against forgery. Computed when first
   * asked for.
   */
  String fingerprint();

  /** Unmaps the file; every segment handed out becomes invalid. Harmless when repeated. */
  @Override
  void close();
}
