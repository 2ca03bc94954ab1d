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
  private final List<Token> pending = new ArrayList<>();
  private int visible;
  private int generated;
  private ServingFigures figures = ServingFigures.queued(0);
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
      pending.add(token);
      boolean honoured = generated >= plan.stop().getMinTokens();
      if (honoured && endTokens.contains(token.getId())) {
        continue; // the engine ends here and says so in its last chunk
      }
      visible++;
      text.append(stops.accept(detokenizer.add(token.getId()), honoured));
      if (stops.matched()) {
        piece(text.toString(), out);
        end(Finish.STOP, out);
        return;
      }
    }
    if (!text.isEmpty()) {
      piece(text.toString(), out);
    }
  }

  private void finished(FinishReason reason, List<Answer> out) {
    String rest = stops.accept(detokenizer.flush(), true);
    String text = stops.matched() ? rest : rest + stops.flush();
    if (!text.isEmpty() || !pending.isEmpty()) {
      piece(text, out);
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

  private void piece(String text, List<Answer> out) {
    out.add(new Answer.Piece(plan.index(), text, List.copyOf(pending), visible));
    pending.clear();
    visible = 0;
  }

  private void end(Finish finish, List<Answer> out) {
    out.add(new Answer.End(plan.index(), finish, plan.prompt().length, generated, figures));
  }
}
