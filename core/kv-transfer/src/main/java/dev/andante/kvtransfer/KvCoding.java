package dev.andante.kvtransfer;

import dev.andante.compute.KvLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How the elements of KV are written on the wire. The sender offers, the receiver chooses, for the
 * whole of a transfer. Who knows nothing of codings offers none and chooses none, which is {@link
 * #AS_IS}.
 */
public enum KvCoding {
  /** As they lie in the pool. */
  AS_IS,

  /** In eight bits each, see {@link EightBitRows}: about half of bf16, and not the same bits. */
  Q8;

  /** What a sender offers that prefers this one; {@link #AS_IS} goes without saying. */
  public List<String> offers() {
    return this == AS_IS ? List.of() : List.of(wireName());
  }

  /** The first one of those offered that is known here, or {@link #AS_IS}. */
  public static KvCoding chosenFrom(List<String> offered) {
    return offered.stream()
        .flatMap(name -> Arrays.stream(values()).filter(coding -> name.equals(coding.wireName())))
        .findFirst()
        .orElse(AS_IS);
  }

  /** The one a receiver names; empty if it is not known here. */
  public static Optional<KvCoding> named(String name) {
    return Arrays.stream(values()).filter(coding -> name.equals(coding.wireName())).findFirst();
  }

  /** Its name on the wire, where {@link #AS_IS} is not spoken of. */
  public String wireName() {
    return this == AS_IS ? "" : name().toLowerCase(Locale.ROOT);
  }

  /**
   * Size on the wire.
   *
   * @param tokenLayers how many tokens in how many layers, multiplied
   */
  public long bytes(KvLayout layout, long tokenLayers) {
    return switch (this) {
      case AS_IS -> tokenLayers * layout.bytesPerTokenLayer();
      case Q8 -> tokenLayers * EightBitRows.bytesPerTokenLayer(layout);
    };
  }
}
