package dev.andante.gateway.config;

import dev.andante.qoe.QoeOverride;
import dev.andante.qoe.QoeSpecException;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * The gateway.
 *
 * @param requestTimeout how long a request may take from its last byte in to its last byte out;
 *     every leg's deadline is what is left of it
 * @param maxChoices most answers of one request: prompts times {@code n}
 * @param apiKeys accepted as {@code Authorization: Bearer}; empty = everybody may
 * @param tokenizerThreads threads that tokenize prompts
 */
@Validated
@ConfigurationProperties(prefix = "andante.gateway", ignoreUnknownFields = false)
public record GatewayProperties(
    @DefaultValue("10m") @Positive Duration requestTimeout,
    @DefaultValue("16") @Min(1) @Max(1024) int maxChoices,
    @DefaultValue List<@NotBlank String> apiKeys,
    @DefaultValue("2") @Min(1) @Max(256) int tokenizerThreads,
    @DefaultValue @Valid Discovery discovery,
    @DefaultValue @Valid Routing routing,
    @DefaultValue @Valid CircuitBreaking circuitBreaking,
    @DefaultValue @Valid RetryBudget retryBudget,
    @DefaultValue @Valid Hedging hedging,
    @DefaultValue @Valid Admission admission,
    @DefaultValue @Valid Http http,
    @DefaultValue @Valid Qoe qoe) {

  public GatewayProperties {
    apiKeys = List.copyOf(apiKeys);
  }

  /**
   * How workers are found and watched.
   *
   * @param prefillServiceId what prefill workers are called in discovery
   * @param decodeServiceId what decode workers are called in discovery
   * @param interval how often discovery is asked for addresses
   * @param statusInterval how often each worker is asked for its status
   * @param statusTimeout how long such a question may take
   * @param staleAfter a worker whose last answer is older gets no new work
   * @param silentAfter a worker that has not answered for so long, and for as long as one lost
   *     answer takes, is left by the calls that bring nothing either, if another one is there for
   *     them to go on
   * @param modelInfoTimeout how long a worker may take to send its model's tokenizer
   */
  public record Discovery(
      @DefaultValue("andante-prefill") @NotBlank String prefillServiceId,
      @DefaultValue("andante-decode") @NotBlank String decodeServiceId,
      @DefaultValue("1s") @Positive Duration interval,
      @DefaultValue("250ms") @Positive Duration statusInterval,
      @DefaultValue("1s") @Positive Duration statusTimeout,
      @DefaultValue("3s") @Positive Duration staleAfter,
      @DefaultValue("5s") @Positive Duration silentAfter,
      @DefaultValue("30s") @Positive Duration modelInfoTimeout) {}

  /**
   * Which worker serves a request.
   *
   * @param localPromptTokens prompts up to this long are computed by the decode worker itself; 0 =
   *     prefill workers compute every prompt while there is one
   * @param localWhenCheaper whether the decode worker also computes prompts that are predicted to
   *     take longer by way of prefill, the KV's way included
   * @param prefixAware whether workers are asked what their prefix caches hold, so that a prompt is
   *     computed where most of it is, unless others would be sooner
   * @param maxAttempts how often one answer may be started or resumed on other workers
   * @param retryBackoff pause before the second attempt; doubles with each further one
   * @param replacementTimeout how long an answer that lost its decode worker waits for another one
   *     where none is known; the request's deadline ends it earlier
   */
  public record Routing(
      @DefaultValue("0") @Min(0) int localPromptTokens,
      @DefaultValue("off") boolean localWhenCheaper,
      @DefaultValue("on") boolean prefixAware,
      @DefaultValue("4") @Min(1) @Max(100) int maxAttempts,
      @DefaultValue("50ms") @Positive Duration retryBackoff,
      @DefaultValue("60s") @Positive Duration replacementTimeout) {}

  /**
   * When a worker whose calls fail is given none for a while, though it says that it is ready.
   * Where most of a kind fail, all of them get calls.
   *
   * @param failureRate per cent of the last calls whose failure is the worker's own
   * @param window how many calls are the last ones
   * @param minimumCalls with fewer calls it stays
   * @param openFor how long it is given none, the first time, give or take half; doubles each time
   *     that the trial calls fail
   * @param longestOpenFor as it grows
   * @param trialCalls so many at once find out whether it is back
   * @param maxCalls most calls that are open on one worker
   */
  public record CircuitBreaking(
      @DefaultValue("50") @Min(1) @Max(100) int failureRate,
      @DefaultValue("20") @Min(1) @Max(1000) int window,
      @DefaultValue("5") @Min(1) @Max(1000) int minimumCalls,
      @DefaultValue("5s") @Positive Duration openFor,
      @DefaultValue("60s") @Positive Duration longestOpenFor,
      @DefaultValue("3") @Min(1) @Max(1000) int trialCalls,
      @DefaultValue("10000") @Min(1) @Max(100_000) int maxCalls) {

    /** As without any key. */
    public static final CircuitBreaking DEFAULT =
        new CircuitBreaking(50, 20, 5, Duration.ofSeconds(5), Duration.ofSeconds(60), 3, 10_000);

    public CircuitBreaking {
      if (longestOpenFor.compareTo(openFor) < 0) {
        throw new IllegalArgumentException(
            "andante.gateway.circuit-breaking.longest-open-for must be at least open-for, not "
                + longestOpenFor);
      }
      if (minimumCalls > window) {
        throw new IllegalArgumentException(
            "andante.gateway.circuit-breaking.minimum-calls must be at most window, not "
                + minimumCalls);
      }
    }
  }

  /**
   * How many attempts this gateway makes on a worker that repeat others which brought nothing; for
   * more than that answers wait, as they do for room. An answer that goes on elsewhere after decode
   * got on with it needs none.
   *
   * @param share of the answers that begin there; 0 to 1
   * @param perSecond besides; 0 to 1000
   * @param most that can be saved up
   */
  public record RetryBudget(
      @DefaultValue("0.2") double share,
      @DefaultValue("10") double perSecond,
      @DefaultValue("100") @Min(1) @Max(10_000) int most) {

    /** As without any key. */
    public static final RetryBudget DEFAULT = new RetryBudget(0.2, 10, 100);

    public RetryBudget {
      checkRange("retry-budget.share", share, 0, 1);
      checkRange("retry-budget.per-second", perSecond, 0, 1000);
      if (share + perSecond == 0) {
        throw new IllegalArgumentException(
            "andante.gateway.retry-budget.share and per-second must not both be 0: answers that"
                + " failed could never begin again");
      }
    }
  }

  /**
   * When a second prefill worker is asked for a prompt that one is late with. Who is done first
   * serves the answer, the other one is cancelled.
   *
   * @param share how many of the prompts, at most; 0 to 1, 0 = none
   * @param quantile late is what takes longer, beside its prediction, than this part of the last
   *     prompts; 0.5 to 1
   * @param leastWait below this none is late
   */
  public record Hedging(
      @DefaultValue("0.05") double share,
      @DefaultValue("0.95") double quantile,
      @DefaultValue("200ms") @Positive Duration leastWait) {

    public Hedging {
      checkRange("hedging.share", share, 0, 1);
      checkRange("hedging.quantile", quantile, 0.5, 1);
    }
  }

  private static void checkRange(String key, double value, Number least, Number most) {
    if (!(value >= least.doubleValue() && value <= most.doubleValue())) {
      throw new IllegalArgumentException(
          "andante.gateway." + key + " must be " + least + " to " + most + ", not " + value);
    }
  }

  /**
   * How much is let in.
   *
   * @param maxConcurrent answers generated at the same time
   * @param maxQueued answers that may wait for their turn; more are refused with 429
   * @param queueTimeout how long an answer may wait, for its turn and for room on a worker
   * @param patience after so long in the queue one answer in five is let in before those of a
   *     higher class
   * @param control who may say which tenant a request belongs to and that it is more important than
   *     others: authenticated = callers with one of the {@code apiKeys}; all; off
   * @param rejectWhenLate whether a request is refused with 429 at once, before anything is
   *     computed, if its first token is predicted to come too late, or the tokens of a stream more
   *     slowly than its reader reads
   * @param lateFactor too late is after so many times what its reader expects, or what computing
   *     the prompt takes if that is longer; 1 to 1000
   * @param objectives what the names in {@code x-llm-d-inference-objective} mean
   */
  public record Admission(
      @DefaultValue("64") @Min(1) int maxConcurrent,
      @DefaultValue("256") @Min(0) int maxQueued,
      @DefaultValue("30s") @Positive Duration queueTimeout,
      @DefaultValue("10s") @Positive Duration patience,
      @DefaultValue("authenticated") ControlPolicy control,
      @DefaultValue("off") boolean rejectWhenLate,
      @DefaultValue("2") double lateFactor,
      @DefaultValue List<@Valid Objective> objectives) {

    public Admission {
      checkRange("admission.late-factor", lateFactor, 1, 1000);
      objectives = List.copyOf(objectives);
      if (objectives.stream().map(Objective::name).distinct().count() < objectives.size()) {
        throw new IllegalArgumentException("andante.gateway.admission.objectives has a name twice");
      }
    }
  }

  /**
   * One kind of request.
   *
   * @param name value of the header
   * @param priority above 0 = high, below 0 = low
   */
  public record Objective(@NotBlank String name, @Min(-100) @Max(100) int priority) {}

  /**
   * What readers of streamed answers expect where the request does not say, and what is done of it.
   *
   * @param pacing whose streams are handed out at their reader's pace: requested = of requests that
   *     carry {@code andante.qoe}; all; off. A request can opt out
   * @param ttft time to the first token, 1ms to 1h; empty = 1s, or a second per 5000 tokens of the
   *     prompt, whichever is longer
   * @param tokensPerSecond the reader's pace, 0.01 to 10000
   * @param models expectations of the readers of single models, each name once
   */
  public record Qoe(
      @DefaultValue("requested") PacingPolicy pacing,
      @Nullable Duration ttft,
      @DefaultValue("4.8") double tokensPerSecond,
      @DefaultValue List<@Valid QoeModel> models) {

    public Qoe {
      models = List.copyOf(models);
      check("andante.gateway.qoe", ttft, tokensPerSecond);
      if (models.stream().map(QoeModel::name).distinct().count() < models.size()) {
        throw new IllegalArgumentException("andante.gateway.qoe.models names a model twice");
      }
    }

    /** Without a ttft, if that depends on the prompt. */
    public QoeOverride expectations() {
      return override(ttft, tokensPerSecond);
    }

    private static QoeOverride override(@Nullable Duration ttft, @Nullable Double pace) {
      return new QoeOverride(ttft == null ? null : ttft.toNanos() / 1e9, pace);
    }

    private static void check(String group, @Nullable Duration ttft, @Nullable Double pace) {
      try {
        QoeOverride _ = override(ttft, pace);
      } catch (QoeSpecException e) {
        String key = e.field().label().replace('_', '-');
        throw new IllegalArgumentException(group + "." + key + ": " + e.getMessage(), e);
      }
    }
  }

  /**
   * One model's readers; what is left out is as for all models.
   *
   * @param name the model, as clients name it
   * @param pacing requested, all or off
   * @param ttft time to the first token, 1ms to 1h
   * @param tokensPerSecond the reader's pace, 0.01 to 10000
   */
  public record QoeModel(
      @NotBlank String name,
      @Nullable PacingPolicy pacing,
      @Nullable Duration ttft,
      @Nullable Double tokensPerSecond) {

    public QoeModel {
      Qoe.check("andante.gateway.qoe.models", ttft, tokensPerSecond);
    }

    public QoeOverride expectations() {
      return Qoe.override(ttft, tokensPerSecond);
    }
  }

  /**
   * The HTTP server.
   *
   * @param maxBodySize larger request bodies are refused with 413; 1KB to 1GB
   * @param bodyTimeout how long a request body may take to arrive; then 408
   * @param headerTimeout how long a connection may take to send a request's head, and how long it
   *     may stay open between requests
   * @param writeTimeout a client that takes nothing for this long is cut off
   * @param pingInterval silence after which a waiting stream gets a comment line
   */
  public record Http(
      @DefaultValue("4MB") DataSize maxBodySize,
      @DefaultValue("15s") @Positive Duration bodyTimeout,
      @DefaultValue("30s") @Positive Duration headerTimeout,
      @DefaultValue("60s") @Positive Duration writeTimeout,
      @DefaultValue("5s") @Positive Duration pingInterval) {

    private static final DataSize SMALLEST = DataSize.ofKilobytes(1);
    private static final DataSize LARGEST = DataSize.ofGigabytes(1);

    public Http {
      if (maxBodySize.compareTo(SMALLEST) < 0 || maxBodySize.compareTo(LARGEST) > 0) {
        throw new IllegalArgumentException(
            "andante.gateway.http.max-body-size must be 1KB to 1GB, not " + maxBodySize);
      }
    }
  }
}
