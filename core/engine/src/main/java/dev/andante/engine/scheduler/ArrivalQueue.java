package dev.andante.engine.scheduler;

import dev.andante.engine.request.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Requests in order of arrival. Most arrive last, so adding is cheap. */
final class ArrivalQueue {

  private final List<Request> requests = new ArrayList<>();

  void add(Request request) {
    int at = requests.size();
    while (at > 0 && requests.get(at - 1).arrival() > request.arrival()) {
      at--;
    }
    requests.add(at, request);
  }

  boolean remove(Request request) {
    return requests.remove(request);
  }

  Request removeFirst() {
    return requests.removeFirst();
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
}
