/**
 * Workers that compute nothing: what is measured in front of them is the gateway. They serve the
 * same gRPC services as prefill and decode, with a real model's tokenizer and template.
 */
@NullMarked
package dev.andante.benchmarks.workers;

import org.jspecify.annotations.NullMarked;
