package dev.andante.gateway.api;

import dev.andante.gateway.pipeline.AnswerRequest;
import dev.andante.qoe.QoeOverride;
import java.util.Optional;

/**
 * A completion request of either kind.
 *
 * @param model empty = the only one there is
 */
record ParsedRequest(Optional<String> model, AnswerRequest answers, Delivery delivery) {

  /** With what the reader expects where the request itself does not say it. */
  ParsedRequest unlessSaid(QoeOverride expected) {
    return new ParsedRequest(model, answers.unlessSaid(expected), delivery);
  }
}
