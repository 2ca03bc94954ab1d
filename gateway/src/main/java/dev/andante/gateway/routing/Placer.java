package dev.andante.gateway.routing;

import dev.andante.gateway.error.ApiException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.function.Predicate;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.Stream;

/**
 * Picks decode first, since that is where the answer will live, then prefill. Workers already tried
 * for this request come last, but are not excluded: with one worker left, trying it again is all
 * there is. Only a decode worker that was lost must have been heard of since.
 *
 * <p>Where every candidate has learnt what its steps take, prefill goes where the first token is
 * predicted soonest, what its prefix cache has of the prompt taken off, and decode to one of those
 * whose time between tokens is predicted to be the least or nearly so. Otherwise, and among equals,
 * the fewest tokens to compute and the fewest answers win. Where decode is predicted to have the
 * prompt computed sooner than prefill has it computed and handed on, it may be left to decode.
 * Workers whose calls fail more than those of most others get none for a while. Of many candidates
 * only two, drawn at random, are compared: with one best for all, several gateways would send all
 * that comes between two statuses to the same one.
 */
public final class Placer {

  /** Above this many candidates two are drawn. */
  static final int MOST_COMPARED = 24;

  /** Predictions nearer than this are equal: they come from fits, which differ a little. */
  private static final double NEARLY = 1.1;

  private final WorkerRegistry registry;
  private final int localPromptTokens;
  private final boolean localWhenCheaper;
  private final IntUnaryOperator random;

  /**
   * @param localPromptTokens prompts up to this long are computed by the decode worker
   * @param localWhenCheaper whether decode also computes what is predicted to take longer by way of
   *     prefill
   * @param random a number from 0 up to, not including, the one given; any thread
   */
  public Placer(
      WorkerRegistry registry,
      int localPromptTokens,
      boolean localWhenCheaper,
      IntUnaryOperator random) {
    this.registry = registry;
    this.localPromptTokens = localPromptTokens;
    this.localWhenCheaper = localWhenCheaper;
    this.random = random;
  }

  /**
   * @param tried workers that failed this request
   * @param local whether decode must compute the prompt itself
   * @throws ApiException 503 if no decode worker serves the model
   */
  public Placement place(ServedModel model, Wanted prompt, Tried tried, boolean local) {
    return find(model, prompt, tried, local)
        .orElseThrow(
            () ->
                ApiException.unavailable(
                    "No decode worker is ready for the model '"
                        + model.name()
                        + "'; try again shortly."));
  }

  /**
   * Who may go on with an answer that a worker gives away; empty if nobody else serves the model.
   *
   * @param tokens of the prompt and the answer
   */
  public Optional<Worker> elsewhere(ServedModel model, int tokens, Worker from, Tried tried) {
    return decode(
        decodes(model, worker -> !tried.silent(worker) && !worker.target().equals(from.target())),
        tokens,
        tried);
  }

  /**
   * Another prefill worker for a prompt that takes long where it is; empty if none that is compared
   * is predicted to be done with it soon enough, or decode has no room to take it twice.
   *
   * @param late where it is
   * @param tried workers that failed the request, which are not asked
   * @param seconds soon enough
   */
  public Optional<Placement> besides(
      ServedModel model, Wanted prompt, Placement late, Tried tried, double seconds) {
    Worker decode = late.decode();
    if (decode.freeTokens() < 2L * prompt.tokens()) {
      return Optional.empty();
    }
    List<Worker> others =
        registry.usable(WorkerKind.PREFILL, model.fingerprint()).stream()
            .filter(worker -> late.prefill().filter(worker::equals).isEmpty())
            .filter(worker -> !tried.contains(worker))
            .filter(worker -> worker.guard().inService() && worker.guard().hasRoom())
            .toList();
    return drawn(others).stream()
        .flatMap(
            worker ->
                PathEstimates.of(worker, decode, prompt).stream()
                    .map(by -> new Placement(decode, Optional.of(worker), Optional.of(by))))
        .filter(place -> prefillSeconds(place) <= seconds)
        .min(Comparator.comparingDouble(Placer::prefillSeconds));
  }

  private static double prefillSeconds(Placement place) {
    return place.estimates().map(PathEstimates::prefillSeconds).orElse(Double.POSITIVE_INFINITY);
  }

  /** Where a request would go that comes now; empty if nobody serves the model. */
  Optional<Placement> find(ServedModel model, Wanted prompt) {
    return find(model, prompt, new Tried(), false);
  }

  /** Prompts that prefill workers have for each of the decode workers, rounded up. */
  long joining(ServedModel model) {
    long prompts =
        registry.usable(WorkerKind.PREFILL, model.fingerprint()).stream()
            .mapToLong(Worker::prompts)
            .sum();
    int decodes = registry.usable(WorkerKind.DECODE, model.fingerprint()).size();
    return Math.ceilDiv(prompts, Math.max(1, decodes));
  }

  private Optional<Placement> find(ServedModel model, Wanted prompt, Tried tried, boolean local) {
    return decode(decodes(model, worker -> !tried.silent(worker)), prompt.tokens(), tried)
        .map(
            decode ->
                local || prompt.tokens() <= localPromptTokens
                    ? new Placement(decode, Optional.empty(), Optional.empty())
                    : weighed(decode, prefill(prefills(model), prompt, tried), prompt));
  }

  private List<Worker> decodes(ServedModel model, Predicate<Worker> candidate) {
    List<Worker> usable = registry.usable(WorkerKind.DECODE, model.fingerprint());
    return inService(usable.stream().filter(candidate).toList());
  }

  private List<Worker> prefills(ServedModel model) {
    return inService(registry.usable(WorkerKind.PREFILL, model.fingerprint()));
  }

  /** All but outliers; all if that leaves less than half: then it is not they who are at fault. */
  private static List<Worker> inService(List<Worker> workers) {
    List<Worker> some = workers.stream().filter(worker -> worker.guard().inService()).toList();
    return preferring(
        2 * some.size() < workers.size() ? workers : some, worker -> worker.guard().hasRoom());
  }

  private Placement weighed(Worker decode, Optional<Worker> prefill, Wanted prompt) {
    Optional<PathEstimates> estimates =
        prefill.flatMap(there -> PathEstimates.of(there, decode, prompt));
    boolean local = localWhenCheaper && estimates.filter(PathEstimates::localPays).isPresent();
    return new Placement(decode, local ? Optional.empty() : prefill, estimates);
  }

  private Optional<Worker> decode(List<Worker> usable, int promptTokens, Tried tried) {
    List<Worker> untried = preferring(usable, worker -> !tried.contains(worker));
    List<Worker> roomy = preferring(untried, worker -> worker.freeTokens() > promptTokens);
    return fastest(drawn(roomy), NEARLY, (worker, by) -> by.tokenSeconds(promptTokens)).stream()
        .min(
            Comparator.comparingLong(Worker::answers)
                .thenComparingLong(worker -> -worker.freeTokens())
                .thenComparing(Worker::target));
  }

  private Optional<Worker> prefill(List<Worker> usable, Wanted prompt, Tried tried) {
    List<Worker> untried = preferring(usable, worker -> !tried.contains(worker));
    return fastest(
            withBestHit(drawn(untried), untried, prompt),
            1,
            (worker, by) -> by.firstTokenSeconds(prompt.tokens(), prompt.cached(worker)))
        .stream()
        .min(
            Comparator.<Worker>comparingLong(
                    worker -> worker.queuedTokens() + prompt.tokens() - prompt.cached(worker))
                .thenComparing(Worker::target));
  }

  /** Of many, who has most of the prompt is compared too. */
  private static List<Worker> withBestHit(List<Worker> drawn, List<Worker> all, Wanted prompt) {
    Optional<Worker> best =
        drawn.size() == all.size()
            ? Optional.empty()
            : all.stream()
                .max(Comparator.comparingInt(prompt::cached))
                .filter(worker -> prompt.cached(worker) > 0 && !drawn.contains(worker));
    return best.map(worker -> Stream.concat(drawn.stream(), Stream.of(worker)).toList())
        .orElse(drawn);
  }

  /** Those that pass, or all if none does. */
  private static List<Worker> preferring(List<Worker> workers, Predicate<Worker> test) {
    List<Worker> some = workers.stream().filter(test).toList();
    return some.isEmpty() ? workers : some;
  }

  /** Two of many; all of few. */
  private List<Worker> drawn(List<Worker> workers) {
    if (workers.size() <= MOST_COMPARED) {
      return workers;
    }
    int one = random.applyAsInt(workers.size());
    int other = random.applyAsInt(workers.size() - 1);
    return List.of(workers.get(one), workers.get(other < one ? other : other + 1));
  }

  /** Those predicted to be at most so many times as slow as the best; all if one is unknown. */
  private static List<Worker> fastest(
      List<Worker> workers, double times, ToDoubleBiFunction<Worker, StepPrediction> seconds) {
    List<Double> predicted = new ArrayList<>();
    for (Worker worker : workers) {
      Optional<StepPrediction> by = StepPrediction.of(worker);
      if (by.isEmpty()) {
        return workers;
      }
      predicted.add(seconds.applyAsDouble(worker, by.get()));
    }
    List<Worker> fastest = new ArrayList<>();
    double most = times * predicted.stream().mapToDouble(Double::doubleValue).min().orElse(0);
    for (int i = 0; i < workers.size(); i++) {
      if (predicted.get(i) <= most) {
        fastest.add(workers.get(i));
      }
    }
    return fastest;
  }
}
