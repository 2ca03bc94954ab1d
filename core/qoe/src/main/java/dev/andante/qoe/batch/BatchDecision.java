package dev.andante.qoe.batch;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What to do, in this order: refuse, shed, then each admission with its victims.
 *
 * @param pressure whether memory or latency was short, so that a choice had to be made
 * @param refuse waiting requests that can never fit into memory
 * @param shed running requests that must leave since those who run outgrew memory or the batch
 * @param admit by falling priority
 * @param keep running requests that go on, in order of arrival
 * @param promoted the one that comes first for having waited too long
 * @param prompts without pressure, the order in which contexts are computed, of those who enter and
 *     of those who run and do not decode; under pressure nobody, as who runs goes before who enters
 */
public record BatchDecision(
    boolean pressure,
    List<BatchRequest> refuse,
    List<BatchRequest> shed,
    List<Admission> admit,
    List<BatchRequest> keep,
    Optional<BatchRequest> promoted,
    List<BatchRequest> prompts) {

  public BatchDecision {
    refuse = List.copyOf(refuse);
    shed = List.copyOf(shed);
    admit = List.copyOf(admit);
    keep = List.copyOf(keep);
    prompts = List.copyOf(prompts);
  }

  /** All who lose their place. */
  public List<BatchRequest> preempted() {
    return Stream.concat(
            shed.stream(), admit.stream().flatMap(admission -> admission.victims().stream()))
        .toList();
  }

  /** All who run afterwards. */
  public List<BatchRequest> batch() {
    return Stream.concat(keep.stream(), admit.stream().map(Admission::request)).toList();
  }
}
