package dev.andante.model.weights;

import dev.andante.compute.Weight;

/** Stands for a weight while a model is only compared with a file. */
record PlannedWeight(String name, int outputs, int inputs) implements Weight {

  @Override
  public long bytes() {
    return 0;
  }
}
