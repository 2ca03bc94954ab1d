package dev.andante.engine.request;

import dev.andante.engine.Attempt;
import dev.andante.engine.FinishReason;
import dev.andante.engine.PromptTokens;
import dev.andante.engine.SamplingParams;
import dev.andante.engine.StopMatcher;
import dev.andante.engine.StopParams;
import dev.andante.engine.kvcache.BlockTable;
import dev.andante.engine.sampling.Sampler;
import dev.andante.engine.sampling.TokenCounts;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Progress of one request. {@code size} tokens are known, prompt and answer together; the KV of the
 * first {@code computed} of them is in the blocks. The rest is still to be fed to the model, and
 * what the model says about the last one is the next token. Prefill, decode, resumption and
 * recomputation after preemption are this same arithmetic.
 *
 * <p>Engine thread only.
 */
public final class Request {

  private static final int[] NOTHING = {};

  private final Attempt attempt;
  private final long arrival;
  private final SamplingParams sampling;
  private final StopRule stop;
  private final Delivery delivery;
  private final BlockTable blocks;
  private final TokenCounts counts = new TokenCounts();
  private final boolean penalties;
  private final boolean plain;
  private final boolean speculate;
  private final int givenSize;
  private final int promptSize;
  private final int maxSize;
  private final RequestTimes times;
  private final Standing standing;

  private RequestState state = RequestState.WAITING;
  private int[] tokens;
  private int size;
  private int computed;
  private int[] drafts = NOTHING;

  /**
   * @param arrival orders requests that nothing else does; unique
   * @param prompt tokens known from the start
   * @param maxLength tokens that fit the engine at most
   */
  public Request(
      Attempt attempt,
      long arrival,
      PromptTokens prompt,
      SamplingParams sampling,
      StopParams stopParams,
      StopMatcher matcher,
      Set<Integer> endTokenIds,
      boolean speculate,
      Delivery delivery,
      BlockTable blocks,
      int maxLength,
      RequestTimes times) {
    this.attempt = attempt;
    this.arrival = arrival;
    this.sampling = sampling;
    this.stop = new StopRule(stopParams, matcher, endTokenIds);
    this.speculate = speculate;
    this.delivery = delivery;
    this.blocks = blocks;
    this.times = times;
    this.standing = new Standing(arrival);
    this.penalties = Sampler.hasPenalties(sampling);
    this.plain = Sampler.isPlain(sampling);
    this.givenSize = prompt.ids().length;
    this.promptSize = givenSize - prompt.generated();
    this.maxSize = (int) Math.min(maxLength, (long) promptSize + stopParams.maxTokens());
    this.tokens = Arrays.copyOf(prompt.ids(), givenSize + 32);
    this.size = givenSize;
    for (int i = 0; penalties && i < givenSize; i++) {
      if (i < promptSize) {
        counts.addPrompt(tokens[i]);
      } else {
        counts.addGenerated(tokens[i]);
      }
    }
  }

  public Attempt attempt() {
    return attempt;
  }

  public long arrival() {
    return arrival;
  }

  public SamplingParams sampling() {
    return sampling;
  }

  public Delivery delivery() {
    return delivery;
  }

  public BlockTable blocks() {
    return blocks;
  }

  public TokenCounts counts() {
    return counts;
  }

  public RequestTimes times() {
    return times;
  }

  public Standing standing() {
    return standing;
  }

  public RequestState state() {
    return state;
  }

  /**
   * @throws IllegalStateException if the life cycle does not allow it
   */
  public void become(RequestState next) {
    if (!state.canBecome(next)) {
      throw new IllegalStateException(attempt + ": " + state + " cannot become " + next);
    }
    state = next;
  }

  /** Tokens known. */
  public int size() {
    return size;
  }

  /** Tokens the request came with; those beyond were generated here. */
  public int givenSize() {
    return givenSize;
  }

  /** Tokens of the original prompt. */
  public int promptSize() {
    return promptSize;
  }

  /** Tokens generated so far, here or before. */
  public int generated() {
    return size - promptSize;
  }

  /** All tokens known, at least {@link #size} long; not copied, and replaced when it grows. */
  public int[] tokens() {
    return tokens;
  }

  public int token(int position) {
    return tokens[position];
  }

  /** Copies tokens {@code [from, from + count)} to {@code target[at…]}. */
  public void copyTokens(int from, int count, int[] target, int at) {
    System.arraycopy(tokens, from, target, at, count);
  }

  public int[] tokensFrom(int from) {
    return Arrays.copyOfRange(tokens, from, size);
  }

  /** Tokens whose KV is in the blocks. */
  public int computed() {
    return computed;
  }

  public void computed(int tokensWithKv) {
    computed = tokensWithKv;
  }

  /** Tokens known whose KV is missing; at least 1. */
  public int pending() {
    return size - computed;
  }

  /** Whether one row gives the next token. */
  public boolean decoding() {
    return pending() == 1;
  }

  /** Whether it is done after its first token. */
  public boolean prefillOnly() {
    return delivery instanceof PrefillDelivery;
  }

  /** Tokens that may still be generated. */
  public int remaining() {
    return maxSize - size;
  }

  /** Whether drafts may be used. */
  public boolean speculates() {
    return speculate && !prefillOnly();
  }

  /** A guess of the tokens that follow the known ones. */
  public int[] drafts() {
    return drafts;
  }

  public void drafts(int[] guess) {
    drafts = guess;
  }

  public void clearDrafts() {
    drafts = NOTHING;
  }

  /** Ids that must not be the next token. */
  public int[] masked() {
    return stop.masked(generated());
  }

  /** Whether the next token is the argmax of the raw logits. */
  public boolean plainNext() {
    return plain && masked().length == 0;
  }

  /** Adds a token just sampled; tells whether and why the answer ends with it. */
  public @Nullable FinishReason append(int token) {
    if (size == tokens.length) {
      tokens = Arrays.copyOf(tokens, size * 2);
    }
    tokens[size++] = token;
    if (penalties) {
      counts.addGenerated(token);
    }
    return stop.after(token, generated(), remaining() <= 0);
  }

  /**
   * Shows the matcher the tokens generated elsewhere; must be called once, before the first step.
   *
   * @return why the answer is already over, or null
   */
  public @Nullable FinishReason replay() {
    boolean matched = false;
    for (int i = promptSize; i < size; i++) {
      matched = stop.show(tokens[i]);
    }
    return size == promptSize
        ? null
        : stop.decide(tokens[size - 1], matched, generated(), remaining() <= 0);
  }
}
