package dev.andante.simulator.serving;

import dev.andante.engine.request.Request;
import dev.andante.engine.scheduler.ScheduledRequest;
import dev.andante.engine.scheduler.SchedulingPolicy;
import dev.andante.engine.scheduler.StepPlan;
import java.util.HashMap;
import java.util.Map;

/**
 * In turns: who has run for so many steps goes to the back of the line, and those before it take
 * its place and blocks. A baseline, as in Andes v1 (arXiv 2404.16283, section 6).
 */
public final class RoundRobin implements SchedulingPolicy {

  private static final class Turn {
    int round;
    long place;
    int steps;
  }

  private final int quantum;
  private final Map<Request, Turn> turns = new HashMap<>();
  private int lastRound;
  private long lastPlace;

  /**
   * @param quantum steps of a turn
   */
  public RoundRobin(int quantum) {
    this.quantum = quantum;
  }

  @Override
  public void arrived(Request request) {
    Turn turn = new Turn();
    turn.round = lastRound;
    turn.place = lastPlace++;
    turns.put(request, turn);
  }

  @Override
  public int level(Request request) {
    return turn(request).round;
  }

  @Override
  public long position(Request request) {
    return turn(request).place;
  }

  @Override
  public void ran(StepPlan plan, long nanos) {
    for (ScheduledRequest one : plan.scheduled()) {
      Turn turn = turns.get(one.request());
      if (turn != null && ++turn.steps == quantum) {
        turn.steps = 0;
        turn.round++;
        turn.place = lastPlace++;
        lastRound = Math.max(lastRound, turn.round);
      }
    }
  }

  @Override
  public void left(Request request) {
    turns.remove(request);
  }

  private Turn turn(Request request) {
    Turn turn = turns.get(request);
    if (turn == null) {
      throw new IllegalStateException(request.attempt() + " has not arrived");
    }
    return turn;
  }
}
