package dev.andante.gateway.api;

import dev.andante.gateway.error.ApiException;
import org.springframework.web.server.ResponseStatusException;
import tools.jackson.databind.node.ObjectNode;

/** Failures as OpenAI error objects. */
final class ErrorBody {

  private ErrorBody() {}

  static ObjectNode json(ApiException error) {
    ObjectNode body = Json.object();
    body.putObject("error")
        .put("message", error.text())
        .put("type", error.type())
        .put("param", error.param())
        .put("code", error.code());
    return body;
  }

  /**
   * Every failure as one that a client may see: nothing of an unexpected one but that it happened.
   */
  static ApiException of(Throwable error) {
    return switch (error) {
      case ApiException api -> api;
      case ResponseStatusException e when e.getStatusCode().value() == 404 ->
          ApiException.invalid(404, null, "unknown_url", "There is nothing at this URL.");
      case ResponseStatusException e when e.getStatusCode().is4xxClientError() ->
          ApiException.invalid(
              e.getStatusCode().value(), null, null, "The request cannot be served as it is.");
      default ->
          ApiException.server(
              500, "internal_error", "The gateway failed; its log has the details.", error);
    };
  }
}
