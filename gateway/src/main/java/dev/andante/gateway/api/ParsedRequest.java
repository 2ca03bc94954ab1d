package dev.andante.gateway.api;

import dev.andante.gateway.pipeline.AnswerRequest;
import java.util.Optional;

/**
 * A completion request of either kind.
 *
 * @param model empty = the only one there is
 */
record ParsedRequest(Optional<String> model, AnswerRequest answers, Delivery delivery) {}
