package dev.andante.engine.scheduler;

import dev.andante.engine.request.Request;

/** By arrival; nobody takes anything from who came before. */
public final class FirstComeFirstServed implements SchedulingPolicy {

  @Override
  public int level(Request request) {
    return 0;
  }
}
