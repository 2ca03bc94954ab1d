package dev.andante.gateway.api;

import dev.andante.gateway.pipeline.Extensions;
import dev.andante.gateway.pipeline.PacingWish;
import dev.andante.qoe.QoeField;
import dev.andante.qoe.QoeOverride;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The request's {@code andante} object. Nothing in it is ignored unread. */
final class ExtensionsParser {

  private static final int MAX_PRIORITY = 100;
  private static final double MILLIS = 1000;

  private ExtensionsParser() {}

  /**
   * @throws dev.andante.gateway.error.ApiException 400 naming the field by its path, as {@code
   *     andante.qoe.ttft_ms}
   */
  static Extensions read(Fields request) {
    return request.object("andante").map(ExtensionsParser::extensions).orElse(Extensions.NONE);
  }

  private static Extensions extensions(Fields fields) {
    Fields qoe = fields.object("qoe").orElse(null);
    Extensions read =
        new Extensions(
            qoe == null ? QoeOverride.NONE : expectations(qoe),
            pacing(qoe),
            fields.integer("priority", -MAX_PRIORITY, MAX_PRIORITY),
            !choice(fields, "speculation", "auto", "off").equals("off"),
            fields.flag("explain", false));
    if (qoe != null) {
      qoe.refuseUnknown();
    }
    fields.refuseUnknown();
    return read;
  }

  private static PacingWish pacing(@Nullable Fields qoe) {
    if (qoe == null) {
      return PacingWish.NONE;
    }
    return choice(qoe, "pacing", "on", "off").equals("on") ? PacingWish.ON : PacingWish.OFF;
  }

  private static QoeOverride expectations(Fields qoe) {
    Double ttftMillis =
        number(qoe, "ttft_ms", QoeField.TTFT.min() * MILLIS, QoeField.TTFT.max() * MILLIS);
    Double pace =
        number(
            qoe,
            "tokens_per_second",
            QoeField.TOKENS_PER_SECOND.min(),
            QoeField.TOKENS_PER_SECOND.max());
    return new QoeOverride(ttftMillis == null ? null : ttftMillis / MILLIS, pace);
  }

  private static @Nullable Double number(Fields fields, String name, double min, double max) {
    var value = fields.number(name, min, max, false);
    return value.isPresent() ? value.getAsDouble() : null;
  }

  /** One of some words; the first where the request has none. */
  private static String choice(Fields fields, String name, String... words) {
    String given = fields.string(name).orElse(words[0]);
    if (!List.of(words).contains(given)) {
      throw fields.bad(name, "must be '" + String.join("' or '", words) + "'");
    }
    return given;
  }
}
