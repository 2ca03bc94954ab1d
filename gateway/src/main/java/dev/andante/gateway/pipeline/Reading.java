package dev.andante.gateway.pipeline;

import dev.andante.qoe.QoeSpec;
import java.util.function.IntFunction;

/**
 * How a request's answers will be read.
 *
 * @param expects what the reader expects, by the tokens of the prompt
 * @param streamed whether they read while tokens come; nobody begins to read a whole answer before
 *     its end
 */
public record Reading(IntFunction<QoeSpec> expects, boolean streamed) {}
