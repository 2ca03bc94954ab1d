package dev.andante.engine.runtime;

import dev.andante.engine.scheduler.ScheduledRequest;
import dev.andante.engine.scheduler.StepPlan;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * A step in a flight recording, from looking at who can run to its last result: what a cost model
 * is fitted to. Costs nothing while nothing is recorded. Its fields are the recording's; nobody
 * else reads them.
 */
@Name("dev.andante.EngineStep")
@Label("Engine Step")
@Category({"Andante", "Engine"})
@StackTrace(false)
final class StepEvent extends Event {

  @Label("Decodes")
  @Description("Answers that get their next token from one row")
  int decodes;

  @Label("Decode Context")
  @Description("Tokens that those rows attend to, themselves included")
  long decodeContext;

  @Label("Prompt Tokens")
  @Description("Rows of prompts")
  int promptTokens;

  @Label("Prompt Pairs")
  @Description("Pairs of such a row and a token it attends to, itself included")
  long promptPairs;

  @Label("Draft Tokens")
  @Description("Rows of guessed tokens, which are in none of the others")
  int draftTokens;

  static StepEvent begun() {
    StepEvent event = new StepEvent();
    event.begin();
    return event;
  }

  /** Records it, if anybody does. */
  void end(StepPlan plan) {
    end();
    if (shouldCommit()) {
      plan.scheduled().forEach(this::add);
      commit();
    }
  }

  private void add(ScheduledRequest one) {
    draftTokens += one.drafts();
    if (one.decodes()) {
      decodes++;
      decodeContext += one.context() + 1L;
    } else {
      promptTokens += one.tokens();
      promptPairs += one.pairs();
    }
  }
}
