package dev.andante.service.grpc;

import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a request stands in a distributed trace: the value of the header {@code traceparent} (W3C
 * Trace Context, version 00). We record no spans, so it is passed on as it came: whoever records
 * some behind us finds the caller's as their parent.
 *
 * @param traceId 32 hexadecimal digits
 * @param parentId 16 hexadecimal digits
 * @param flags 2 hexadecimal digits
 */
public record TraceParent(String traceId, String parentId, String flags) {

  public static final String HEADER = "traceparent";

  /** Later versions may add fields, not change these; ff is no version. */
  private static final Pattern FORM =
      Pattern.compile("(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?");

  /** Empty if it is none: the caller then has to begin a trace. */
  public static Optional<TraceParent> parse(String header) {
    Matcher parts = FORM.matcher(header);
    if (!parts.matches()
        || (parts.group(1).equals("00") && parts.group(5) != null)
        || isZero(parts.group(2))
        || isZero(parts.group(3))) {
      return Optional.empty();
    }
    return Optional.of(new TraceParent(parts.group(2), parts.group(3), parts.group(4)));
  }

  /** A trace that begins here and that nobody is asked to record. */
  public static TraceParent begin() {
    return new TraceParent(randomHex() + randomHex(), randomHex(), "00");
  }

  public String header() {
    return "00-" + traceId + "-" + parentId + "-" + flags;
  }

  private static boolean isZero(String hex) {
    return hex.chars().allMatch(digit -> digit == '0');
  }

  /** 16 digits, not all zero. */
  private static String randomHex() {
    return HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE));
  }
}
