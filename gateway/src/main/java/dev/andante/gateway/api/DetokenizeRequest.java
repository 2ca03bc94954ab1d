package dev.andante.gateway.api;

import java.util.Optional;

/**
 * Body of {@code POST /detokenize}.
 *
 * @param model empty = the only one there is
 * @param ids not copied: owned by who parsed them
 */
record DetokenizeRequest(Optional<String> model, int[] ids) {

  /**
   * @throws dev.andante.gateway.error.ApiException 400 naming the field at fault
   */
  static DetokenizeRequest parse(Fields fields) {
    if (!fields.has("tokens")) {
      throw fields.bad("tokens", "is required: an array of token ids");
    }
    DetokenizeRequest parsed =
        new DetokenizeRequest(
            fields.string("model"),
            fields.array("tokens", CommonParameters::tokenId).stream()
                .mapToInt(Integer::intValue)
                .toArray());
    fields.refuseUnknown();
    return parsed;
  }
}
