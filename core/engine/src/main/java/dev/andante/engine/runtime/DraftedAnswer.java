package dev.andante.engine.runtime;

import dev.andante.engine.request.Request;
import dev.andante.engine.request.RequestState;
import dev.andante.engine.speculative.Acceptance;
import dev.andante.engine.speculative.DraftLengths;

/** What a {@link DraftBook} knows of one answer, and what the source was told of it. */
final class DraftedAnswer implements DraftLengths.Speculating {

  private static final int NOTHING = -1;

  private final Request request;
  private final Acceptance acceptance = Acceptance.ofAnswer();
  private final int maxDraftTokens;
  private int told;
  private int awaited = NOTHING;
  private int asked;
  private int draftLength;

  DraftedAnswer(Request request, int maxDraftTokens) {
    this.request = request;
    this.maxDraftTokens = maxDraftTokens;
    this.draftLength = maxDraftTokens;
  }

  Request request() {
    return request;
  }

  /** Tokens the source knows. */
  int told() {
    return told;
  }

  /** The source knows all tokens now and was asked for a draft of so many. */
  void asked(int tokens) {
    told = request.size();
    awaited = told;
    asked = tokens;
  }

  /** Tokens of a draft that are worth verifying: what was chosen when it was asked for. */
  int usable() {
    return Math.min(asked, room());
  }

  /** No draft is waited for any more. */
  void settled() {
    awaited = NOTHING;
  }

  boolean runs() {
    return request.state() == RequestState.RUNNING && request.decoding();
  }

  /** Whether a draft that was asked for would still be of use. */
  boolean waits() {
    return awaited == request.size() && runs();
  }

  /** What the source should be asked for. */
  int wanted() {
    return Math.min(draftLength, room());
  }

  @Override
  public Acceptance acceptance() {
    return acceptance;
  }

  @Override
  public int context() {
    return request.size();
  }

  @Override
  public int room() {
    return Math.max(0, Math.min(maxDraftTokens, request.remaining() - 1));
  }

  @Override
  public void draftLength(int tokens) {
    draftLength = tokens;
  }
}
