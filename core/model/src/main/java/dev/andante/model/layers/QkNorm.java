package dev.andante.model.layers;

import dev.andante.compute.Backend;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;

/** What happens to queries and keys between projection and rotation. */
public sealed interface QkNorm {

  void forward(Backend backend, Tensor q, Tensor k);

  /** Nothing. */
  record None() implements QkNorm {
    @Override
    public void forward(Backend backend, Tensor q, Tensor k) {}
  }

  /** An RMS norm of each head on its own, with one gain for all heads: Qwen3. */
  record PerHead(Weight qGain, Weight kGain, int headDim, float epsilon) implements QkNorm {
    @Override
    public void forward(Backend backend, Tensor q, Tensor k) {
      backend.rmsNormHeads(q, headDim, qGain, epsilon);
      backend.rmsNormHeads(k, headDim, kGain, epsilon);
    }
  }

  /** An RMS norm over all heads together: OLMoE. */
  record WholeWidth(RmsNorm q, RmsNorm k) implements QkNorm {
    @Override
    public void forward(Backend backend, Tensor qs, Tensor ks) {
      q.forward(backend, qs, qs);
      k.forward(backend, ks, ks);
    }
  }
}
