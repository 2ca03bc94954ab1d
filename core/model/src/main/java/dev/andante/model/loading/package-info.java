/**
 * Opens models: reads the configuration that a weight file carries, finds its architecture, checks
 * that the weights fit, and loads them. {@link dev.andante.model.loading.Models} is the entry.
 *
 * <p>Files come from strangers: whatever is wrong with a configuration surfaces as {@link
 * dev.andante.model.UnsupportedModelException} or {@link dev.andante.format.ModelFormatException}.
 */
@NullMarked
package dev.andante.model.loading;

import org.jspecify.annotations.NullMarked;
