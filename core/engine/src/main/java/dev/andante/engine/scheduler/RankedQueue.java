package dev.andante.engine.scheduler;

import dev.andante.engine.request.Request;
import dev.andante.engine.request.Standing;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/** Requests by {@link Standing}, the best first. Most are added last, so adding is cheap. */
final class RankedQueue {

  private static final Comparator<Request> ORDER = Comparator.comparing(Request::standing);

  private final List<Request> requests = new ArrayList<>();

  void add(Request request) {
    int at = requests.size();
    while (at > 0 && ORDER.compare(requests.get(at - 1), request) > 0) {
      at--;
    }
    requests.add(at, request);
  }

  boolean remove(Request request) {
    return requests.remove(request);
  }

  Request first() {
    return requests.getFirst();
  }

  Request last() {
    return requests.getLast();
  }

  int size() {
    return requests.size();
  }

  boolean isEmpty() {
    return requests.isEmpty();
  }

  void forEach(Consumer<Request> action) {
    requests.forEach(action);
  }

  /** A copy, so that requests may leave while it is walked. */
  List<Request> asList() {
    return List.copyOf(requests);
  }

  /** Restores the order after standings changed; cheap where few did. */
  void sort() {
    requests.sort(ORDER);
  }
}
