package dev.andante.gateway.pipeline;

import dev.andante.gateway.error.ApiException;
import dev.andante.gateway.pipeline.Answer.Finish;
import dev.andante.protocol.v1.FinishReason;
import dev.andante.protocol.v1.Token;
import dev.andante.tokenizer.IncrementalDetokenizer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Makes text out of one answer's tokens and decides where it ends. One thread at a time; nothing
 * may be fed to it after it has returned an {@link Answer.End}.
 */
final class AnswerAssembler {

  private final AnswerPlan plan;
  private final IncrementalDetokenizer detokenizer;
  private final StopStrings stops;
  private final Set<Integer> endTokens;
  private final List<AnswerToken> pending = new ArrayList<>(); // by ascending start
  private int made; // characters that the tokens gave
  private int shown; // of those, how many were let out
  private int generated;
  private ServingFigures figures = ServingFigures.NONE;
  private boolean started;

  AnswerAssembler(AnswerPlan plan) {
    this.plan = plan;
    this.detokenizer = plan.model().tokenizer().detokenizer();
    this.stops = new StopStrings(plan.stop().getStopList());
    this.endTokens = new HashSet<>(plan.stop().getStopTokenIdsList());
    if (!plan.stop().getIgnoreEos()) {
      endTokens.addAll(plan.model().endTokens());
    }
  }

  List<Answer> accept(GenerationEvent event) {
    List<Answer> out = new ArrayList<>(3);
    switch (event) {
      case GenerationEvent.Served s -> figures = s.figures();
      case GenerationEvent.Tokens t -> tokens(t.tokens(), out);
      case GenerationEvent.Finished f -> finished(f.reason(), out);
    }
    if (!started && !out.isEmpty()) {
      started = true;
      out.addFirst(new Answer.Start(plan.index(), plan.prompt()));
    }
    return out;
  }

  private void tokens(List<Token> tokens, List<Answer> out) {
    StringBuilder text = new StringBuilder();
    for (Token token : tokens) {
      generated++;
      boolean honoured = generated >= plan.stop().getMinTokens();
      if (honoured && endTokens.contains(token.getId())) {
        pending.add(new AnswerToken(token, AnswerToken.NO_TEXT));
        continue; // the engine ends here and says so in its last chunk
      }
      pending.add(new AnswerToken(token, made));
      String more = detokenizer.add(token.getId());
      made += more.length();
      text.append(stops.accept(more, honoured));
      if (stops.matched()) {
        shown += text.length();
        piece(text.toString(), pending.size(), before(shown), out);
        end(Finish.STOP, out);
        return;
      }
    }
    if (!text.isEmpty()) {
      shown += text.length();
      int visible = before(shown);
      piece(text.toString(), visible, visible, out);
    }
  }

  private void finished(FinishReason reason, List<Answer> out) {
    String rest = stops.accept(detokenizer.flush(), true);
    String text = stops.matched() ? rest : rest + stops.flush();
    shown += text.length();
    if (!text.isEmpty() || !pending.isEmpty()) {
      int visible = before(stops.matched() ? shown : AnswerToken.NO_TEXT);
      piece(text, pending.size(), visible, out);
    }
    end(
        switch (reason) {
          case FINISH_REASON_STOP -> Finish.STOP;
          case FINISH_REASON_LENGTH -> Finish.LENGTH;
          case FINISH_REASON_ABORTED, FINISH_REASON_UNSPECIFIED, UNRECOGNIZED ->
              throw ApiException.server(
                  502, "aborted", "The worker gave the answer up; try again.", null);
        },
        out);
  }

  /** How many pending tokens start before that character. */
  private int before(int character) {
    int count = 0;
    while (count < pending.size() && pending.get(count).start() < character) {
      count++;
    }
    return count;
  }

  /**
   * @param tokens how many of those pending come with it
   */
  private void piece(String text, int tokens, int visible, List<Answer> out) {
    List<AnswerToken> released = pending.subList(0, tokens);
    out.add(new Answer.Piece(plan.index(), text, List.copyOf(released), visible));
    released.clear();
  }

  private void end(Finish finish, List<Answer> out) {
    out.add(new Answer.End(plan.index(), finish, plan.prompt().length, generated, figures, null));
  }
}
