package dev.andante.model.layers;

import dev.andante.compute.Backend;
import dev.andante.compute.BoundBatch;
import dev.andante.compute.KvPool;
import dev.andante.compute.RopeTable;

/**
 * What the layers of one forward pass share.
 *
 * @param batch the rows
 * @param cache where their K and V go
 * @param rope angles of the model
 * @param activations views of the workspace with exactly the batch's rows
 */
public record Pass(
    Backend backend, BoundBatch batch, KvPool cache, RopeTable rope, Activations activations) {}
