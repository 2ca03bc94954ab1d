package dev.andante.gateway.api;

import dev.andante.gateway.pipeline.Extensions;
import dev.andante.service.grpc.RequestIdentity;

/** One of the two kinds of completion. */
interface RequestParser {

  /**
   * @throws dev.andante.gateway.error.ApiException 400 naming the field at fault
   */
  ParsedRequest parse(Fields fields, String id, RequestIdentity identity);

  ResponseShape shape(ResponseHead head);

  /** What ids of such responses begin with. */
  String idPrefix();

  static Delivery delivery(
      Fields fields, boolean logprobs, int topLogprobs, Extensions extensions) {
    boolean stream = fields.flag("stream", false);
    boolean usage =
        fields
            .object("stream_options")
            .map(
                options -> {
                  if (!stream) {
                    throw fields.bad("stream_options", "needs 'stream' to be true");
                  }
                  boolean include = options.flag("include_usage", false);
                  boolean _ = options.flag("include_obfuscation", false); // padding, never sent
                  options.refuseUnknown();
                  return include;
                })
            .orElse(false);
    return new Delivery(
        stream,
        usage,
        logprobs,
        topLogprobs,
        fields.flag("return_token_ids", false),
        extensions.explain());
  }
}
