package dev.andante.engine.runtime;

import dev.andante.compute.Batch;
import dev.andante.engine.request.Request;
import dev.andante.engine.scheduler.ScheduledRequest;
import dev.andante.engine.scheduler.StepPlan;
import java.util.List;

/** Turns a plan into the rows of a forward pass. Arrays are reused while their lengths repeat. */
final class BatchBuilder {

  private int[] tokens = {};
  private int[] rowStart = {0};
  private int[] context = {};
  private int[][] tables = {};
  private int[] logitRows = {};

  /** Valid until the next call. */
  Batch build(StepPlan plan) {
    List<ScheduledRequest> scheduled = plan.scheduled();
    resize(scheduled);
    int row = 0;
    int logit = 0;
    for (int s = 0; s < scheduled.size(); s++) {
      ScheduledRequest one = scheduled.get(s);
      Request request = one.request();
      rowStart[s] = row;
      context[s] = one.context();
      tables[s] = request.blocks().array();
      request.copyTokens(one.context(), one.tokens(), tokens, row);
      System.arraycopy(request.drafts(), 0, tokens, row + one.tokens(), one.drafts());
      row += one.rows();
      for (int i = one.logitRows(); i > 0; i--) {
        logitRows[logit++] = row - i;
      }
    }
    rowStart[scheduled.size()] = row;
    return new Batch(tokens, rowStart, context, tables, logitRows);
  }

  private void resize(List<ScheduledRequest> scheduled) {
    int rows = 0;
    int logits = 0;
    for (ScheduledRequest one : scheduled) {
      rows += one.rows();
      logits += one.logitRows();
    }
    tokens = tokens.length == rows ? tokens : new int[rows];
    logitRows = logitRows.length == logits ? logitRows : new int[logits];
    if (context.length != scheduled.size()) {
      context = new int[scheduled.size()];
      rowStart = new int[scheduled.size() + 1];
      tables = new int[scheduled.size()][];
    }
  }
}
