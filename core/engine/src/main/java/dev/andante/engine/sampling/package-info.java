/**
 * From logits to a token: penalties, the sampling law, the random numbers, log-probabilities. The
 * order of operations is the one that vLLM documents for its sampler: log-probabilities from the
 * raw logits; min_tokens mask; logit bias; repetition, frequency, presence penalty; temperature;
 * min-p; top-k; top-p. Objects here keep scratch memory and belong to one thread.
 */
@NullMarked
package dev.andante.engine.sampling;

import org.jspecify.annotations.NullMarked;
