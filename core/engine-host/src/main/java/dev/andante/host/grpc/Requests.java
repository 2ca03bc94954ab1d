package dev.andante.host.grpc;

import dev.andante.engine.Attempt;
import dev.andante.engine.FinishReason;
import dev.andante.engine.GeneratedToken;
import dev.andante.engine.GenerationStats;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.Reader;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.StopParams;
import dev.andante.protocol.v1.SamplingParameters;
import dev.andante.protocol.v1.StopParameters;
import dev.andante.protocol.v1.Token;
import dev.andante.protocol.v1.TokenLogprob;
import dev.andante.qoe.QoeOverride;
import dev.andante.service.grpc.Failures;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Messages to engine types and back. What is not valid becomes INVALID_ARGUMENT with the field at
 * fault as {@code Failure.param}.
 */
public final class Requests {

  private Requests() {}

  public static Attempt attempt(dev.andante.protocol.v1.Attempt message) {
    if (message.getRequestId().isEmpty()) {
      throw Failures.invalid("attempt", "attempt.request_id must not be empty");
    }
    if (message.getEpoch() < 0) {
      throw Failures.invalid(
          "attempt", "attempt.epoch must be at least 0, not " + message.getEpoch());
    }
    return new Attempt(message.getRequestId(), message.getEpoch());
  }

  public static PromptTokens prompt(List<Integer> tokens, int generated) {
    int[] ids = new int[tokens.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = tokens.get(i);
    }
    return checked(
        ids.length == 0 ? "tokens" : "generated", () -> new PromptTokens(ids, generated));
  }

  /** Fields whose zero means "off" get the value that does nothing. */
  public static SamplingParams sampling(SamplingParameters message) {
    Map<Integer, Float> bias = new HashMap<>(message.getLogitBiasMap());
    return checked(
        "sampling",
        () ->
            new SamplingParams(
                message.getTemperature(),
                message.getTopK(),
                orOne(message.getTopP()),
                message.getMinP(),
                message.getPresencePenalty(),
                message.getFrequencyPenalty(),
                orOne(message.getRepetitionPenalty()),
                message.getSeed(),
                bias,
                message.getLogprobs(),
                message.getTopLogprobs()));
  }

  public static StopParams stop(StopParameters message) {
    return checked(
        "stop",
        () ->
            new StopParams(
                message.getMaxTokens(),
                message.getMinTokens(),
                message.getIgnoreEos(),
                new HashSet<>(message.getStopTokenIdsList())));
  }

  /** Fields whose zero means "not known" say nothing. */
  public static Reader reader(dev.andante.protocol.v1.Reader message) {
    return checked(
        "reader",
        () ->
            new Reader(
                new QoeOverride(
                    orUnknown(message.getTtftSeconds()), orUnknown(message.getTokensPerSecond())),
                Duration.of(message.getWaitedMicros(), ChronoUnit.MICROS),
                message.getWhole()));
  }

  public static Token token(GeneratedToken token) {
    Token.Builder message = Token.newBuilder().setId(token.id());
    if (!Float.isNaN(token.logprob())) {
      message.setLogprob(token.logprob());
    }
    for (GeneratedToken.Alternative alternative : token.top()) {
      message.addTop(
          TokenLogprob.newBuilder().setId(alternative.id()).setLogprob(alternative.logprob()));
    }
    return message.build();
  }

  public static dev.andante.protocol.v1.FinishReason finishReason(FinishReason reason) {
    return switch (reason) {
      case STOP -> dev.andante.protocol.v1.FinishReason.FINISH_REASON_STOP;
      case LENGTH -> dev.andante.protocol.v1.FinishReason.FINISH_REASON_LENGTH;
      case ABORTED -> dev.andante.protocol.v1.FinishReason.FINISH_REASON_ABORTED;
    };
  }

  public static dev.andante.protocol.v1.GenerationStats stats(GenerationStats stats) {
    return dev.andante.protocol.v1.GenerationStats.newBuilder()
        .setCachedTokens(stats.cachedTokens())
        .setDraftedTokens(stats.draftedTokens())
        .setAcceptedTokens(stats.acceptedTokens())
        .setPreemptions(stats.preemptions())
        .setQueueMicros(stats.queueMicros())
        .setPrefillMicros(stats.prefillMicros())
        .setDecodeMicros(stats.decodeMicros())
        .build();
  }

  /** {@code host:port} of a decode worker's KvTransfer. */
  public static String kvTarget(String address) {
    int colon = address.lastIndexOf(':');
    if (colon < 1 || !address.substring(colon + 1).matches("[1-9]\\d{0,4}")) {
      throw Failures.invalid("kv_target", "kv_target must be host:port, not '" + address + "'");
    }
    return address;
  }

  private static @Nullable Double orUnknown(double value) {
    return value == 0 ? null : value;
  }

  private static float orOne(float value) {
    return value == 0 ? 1 : value;
  }

  /** The engine's records name the field at fault first in their messages. */
  private static <T> T checked(String field, Supplier<T> make) {
    try {
      return make.get();
    } catch (IllegalArgumentException e) {
      String message = e.getMessage() == null ? field : e.getMessage();
      String first = message.substring(0, Math.max(0, message.indexOf(' ')));
      throw Failures.invalid(
          first.matches("[a-z]+(_[a-z]+)+|temperature") ? first : field, message);
    }
  }
}
