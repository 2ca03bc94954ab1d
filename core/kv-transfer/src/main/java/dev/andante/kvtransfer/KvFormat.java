package dev.andante.kvtransfer;

import dev.andante.compute.KvLayout;
import dev.andante.engine.EngineException;
import dev.andante.engine.KvSource;
import java.util.Locale;

/**
 * What the bytes of a transfer mean. Both ends must agree on every field but {@code numerics}: KV
 * computed by another backend is usable, only not bit-equal.
 *
 * @param modelFingerprint equal iff weights and configuration are equal
 * @param dtype lower-case name of the element type
 * @param layout order of the elements of a run
 * @param blockSize tokens per block
 * @param numerics backend and precision mode that computed the cache; KV of equal numerics is
 *     shared between prompts
 */
public record KvFormat(
    int protocolVersion,
    String modelFingerprint,
    String dtype,
    String layout,
    int blockSize,
    int layers,
    int kvHeads,
    int headDim,
    String numerics) {

  public static final int PROTOCOL_VERSION = 2;

  /** The order of {@link dev.andante.compute.KvPool#read}. */
  public static final String LAYOUT = "[layer][k|v][kv_head][token][head_dim]";

  /** Nobody's. */
  private static final String OTHER_NUMERICS = "mixed";

  public static KvFormat of(KvLayout layout, String modelFingerprint, String numerics) {
    return new KvFormat(
        PROTOCOL_VERSION,
        modelFingerprint,
        layout.dtype().name().toLowerCase(Locale.ROOT),
        LAYOUT,
        layout.blockSize(),
        layout.layers(),
        layout.kvHeads(),
        layout.headDim(),
        numerics);
  }

  /** Of KV in an engine of this format that other kernels computed, or that follows from theirs. */
  public KvFormat ofOtherNumerics() {
    return new KvFormat(
        protocolVersion,
        modelFingerprint,
        dtype,
        layout,
        blockSize,
        layers,
        kvHeads,
        headDim,
        OTHER_NUMERICS);
  }

  /** What the sender's KV is to this engine, given that it is usable. */
  KvSource sourceOf(KvFormat sender) {
    return numerics.equals(sender.numerics) ? KvSource.EQUAL : KvSource.OTHER;
  }

  boolean isCompatible(KvFormat sender) {
    return differences(sender).isEmpty();
  }

  /**
   * Called by the receiver with the sender's format.
   *
   * @throws EngineException HANDSHAKE_MISMATCH, with both sides' values of each field that differs
   */
  public void requireCompatible(KvFormat sender) {
    String differences = differences(sender);
    if (!differences.isEmpty()) {
      throw new EngineException(
          EngineException.Code.HANDSHAKE_MISMATCH,
          "prefill and decode differ in "
              + differences
              + "; give both the same model file and the same andante.engine.* settings");
    }
  }

  private String differences(KvFormat sender) {
    StringBuilder differences = new StringBuilder();
    compare(differences, "protocol_version", protocolVersion, sender.protocolVersion);
    compare(differences, "model_fingerprint", modelFingerprint, sender.modelFingerprint);
    compare(differences, "dtype", dtype, sender.dtype);
    compare(differences, "layout", layout, sender.layout);
    compare(differences, "block_size", blockSize, sender.blockSize);
    compare(differences, "layers", layers, sender.layers);
    compare(differences, "kv_heads", kvHeads, sender.kvHeads);
    compare(differences, "head_dim", headDim, sender.headDim);
    return differences.toString();
  }

  private static void compare(StringBuilder out, String field, Object mine, Object theirs) {
    if (!mine.equals(theirs)) {
      out.append(out.isEmpty() ? "" : ", ")
          .append(field)
          .append(" (sender ")
          .append(theirs)
          .append(", receiver ")
          .append(mine)
          .append(')');
    }
  }
}
