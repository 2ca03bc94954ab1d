/**
 * The expert role: holds some experts of every layer of a mixture-of-experts model and computes
 * them for decode and prefill workers. Beside a dense model it has nothing to hold, says so and
 * stays idle.
 */
@NullMarked
package dev.andante.expert;

import org.jspecify.annotations.NullMarked;
