/**
 * The pieces that models are composed of, each a few calls of a {@link
 * dev.andante.compute.Backend}. Layers hold weights and no state; what changes in a pass is in
 * {@link dev.andante.model.layers.Pass}.
 *
 * <p>Threads: layers are shared; a pass belongs to one thread.
 */
@NullMarked
package dev.andante.model.layers;

import org.jspecify.annotations.NullMarked;
