/**
 * Models with seeded random weights, for tests and for measuring without a file. Equal seeds and
 * configurations give equal models, in every process.
 */
@NullMarked
package dev.andante.model.dummy;

import org.jspecify.annotations.NullMarked;
