package dev.andante.gateway.admission;

/**
 * Who asks to be let in.
 *
 * @param tenant whose share it comes out of; the empty one is a tenant too
 * @param answers how many the request asks for, at least 1
 */
public record Applicant(String tenant, PriorityClass priority, int answers) {

  public Applicant {
    if (answers < 1) {
      throw new IllegalArgumentException("a request has at least one answer, not " + answers);
    }
  }
}
