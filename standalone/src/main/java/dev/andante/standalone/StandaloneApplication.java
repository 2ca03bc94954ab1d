package dev.andante.standalone;

/** Starts every role in this JVM and stops them in order on SIGTERM. */
public final class StandaloneApplication {

  private StandaloneApplication() {}

  public static void main(String[] args) {
    StandaloneMesh mesh = StandaloneMesh.start(args);
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().name("andante-shutdown").unstarted(mesh::close));
  }
}
