/** Meters of the gateway: request-level vLLM names under {@code engine="gateway"} and our own. */
@NullMarked
package dev.andante.gateway.metrics;

import org.jspecify.annotations.NullMarked;
