package dev.andante.engine.transfer;

import dev.andante.engine.Attempt;
import dev.andante.engine.EngineException;
import dev.andante.engine.EngineException.Code;
import dev.andante.engine.KvReservation;
import dev.andante.engine.KvSource;
import dev.andante.engine.PromptTokens;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Who waits for blocks to push KV into, in the order in which they came. Nobody overtakes: a big
 * prompt would wait for ever behind small ones. Who has completed its future, by cancelling it or
 * otherwise, has left.
 */
public final class ReservationLine {

  /**
   * @param deadline when to refuse it
   * @param answer completed once
   */
  private record Waiting(
      Attempt attempt,
      PromptTokens prompt,
      KvSource source,
      long deadline,
      CompletableFuture<KvReservation> answer) {}

  /** Makes a reservation, or says why not. */
  @FunctionalInterface
  public interface Reserve {
    KvReservation of(Attempt attempt, PromptTokens prompt, KvSource source);
  }

  private final int capacity;
  private final Deque<Waiting> line = new ArrayDeque<>();
  private @Nullable Waiting refused; // the last one that there was no room for
  private int room; // that it did not fit into

  public ReservationLine(int capacity) {
    this.capacity = capacity;
  }

  /**
   * Adds somebody at the end.
   *
   * @throws EngineException SATURATED, STALE_EPOCH
   */
  public void add(
      Attempt attempt,
      PromptTokens prompt,
      KvSource source,
      long deadline,
      CompletableFuture<KvReservation> answer) {
    overtake(attempt);
    if (line.size() >= capacity) {
      throw new EngineException(
          Code.SATURATED,
          "max_waiting " + capacity + " prompts wait for KV blocks; try another worker or wait");
    }
    line.add(new Waiting(attempt, prompt, source, deadline, answer));
  }

  /**
   * An attempt of a request takes the place of those that wait for it.
   *
   * @throws EngineException STALE_EPOCH if a newer one does
   */
  public void overtake(Attempt attempt) {
    for (Waiting waiting : new ArrayList<>(line)) {
      if (!waiting.attempt().requestId().equals(attempt.requestId())) {
        continue;
      }
      if (waiting.attempt().epoch() > attempt.epoch()) {
        throw new EngineException(
            Code.STALE_EPOCH,
            "attempt " + attempt.epoch() + " was overtaken by " + waiting.attempt().epoch());
      }
      line.remove(waiting);
      fail(waiting, new EngineException(Code.STALE_EPOCH, "a newer attempt took over"));
    }
  }

  public boolean isEmpty() {
    line.removeIf(waiting -> waiting.answer().isDone());
    return line.isEmpty();
  }

  /**
   * Gives blocks to the first ones, as far as they go, and refuses who has waited too long.
   *
   * @param free blocks that are to be had; the first one is not tried again with as many
   * @param release takes back what somebody does not want any more
   */
  public void serve(Reserve reserve, int free, long now, Consumer<String> release) {
    for (Waiting late : line.stream().filter(each -> each.deadline() - now <= 0).toList()) {
      line.remove(late);
      fail(late, new EngineException(Code.SATURATED, "no KV blocks came free in time"));
    }
    while (!isEmpty()) {
      Waiting first = line.getFirst();
      if (first.equals(refused) && free == room) {
        return;
      }
      try {
        KvReservation made = reserve.of(first.attempt(), first.prompt(), first.source());
        if (!first.answer().complete(made)) {
          release.accept(made.handle());
        }
      } catch (EngineException e) {
        if (e.code() == Code.SATURATED) {
          refused = first;
          room = free;
          return;
        }
        fail(first, e);
      }
      line.removeFirst();
    }
  }

  /** Refuses everybody. */
  public void failAll(EngineException reason) {
    line.forEach(waiting -> fail(waiting, reason));
    line.clear();
  }

  private static void fail(Waiting waiting, EngineException reason) {
    waiting.answer().completeExceptionally(reason);
  }
}
