package dev.andante.model.layers;

import dev.andante.compute.Weight;
import java.util.List;

/**
 * The weights of a decoder-only transformer, composed.
 *
 * @param embedding {@code [vocabulary, hidden]}
 * @param head {@code [vocabulary, hidden]}; the embedding itself where they are tied
 */
public record Decoder(
    Weight embedding, List<TransformerBlock> blocks, RmsNorm finalNorm, Weight head) {

  public Decoder {
    blocks = List.copyOf(blocks);
  }
}
