package dev.andante.model.layers;

import dev.andante.compute.Backend;
import dev.andante.compute.Tensor;
import dev.andante.compute.Weight;

/** Root-mean-square norm over whole rows. */
public record RmsNorm(Weight gain, float epsilon) {

  void forward(Backend backend, Tensor x, Tensor out) {
    backend.rmsNorm(x, gain, epsilon, out);
  }
}
