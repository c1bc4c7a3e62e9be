//! What JavaScript calls.
#![expect(unsafe_code, reason = "the name of an export is unsafe to choose; nothing else here is")]

use spin::Mutex;

use crate::desk::{Desk, Status};

/// One page, one thread: the lock is only ever held by the call that runs, or by one that has trapped.
static DESK: Mutex<Desk> = Mutex::new(Desk::new());

#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

fn call(act: impl FnOnce(&mut Desk) -> Result<u32, Status>) -> i32 {
    let Some(mut desk) = DESK.try_lock() else {
        panic!();
    };
    act(&mut desk).map_or_else(|status| status as i32, |number| number as i32)
}

#[unsafe(no_mangle)]
extern "C" fn scratch(words: u32) -> i32 {
    call(|desk| {
        let scratch = desk.scratch(words).ok_or(Status::BadWords)?;
        Ok(scratch.as_mut_ptr().addr() as u32)
    })
}

#[unsafe(no_mangle)]
extern "C" fn create(words: u32) -> i32 {
    call(|desk| desk.create(words))
}

#[unsafe(no_mangle)]
extern "C" fn free(engine: u32) -> i32 {
    call(|desk| desk.drop_engine(engine).map(|()| 0))
}

#[unsafe(no_mangle)]
extern "C" fn input(engine: u32, now: f64, words: u32) -> i32 {
    call(|desk| desk.input(engine, now, words).map(|()| 0))
}

#[unsafe(no_mangle)]
extern "C" fn output(engine: u32) -> i32 {
    call(|desk| desk.output(engine))
}

#[unsafe(no_mangle)]
extern "C" fn timeout(engine: u32) -> i32 {
    call(|desk| desk.timeout(engine))
}

#[unsafe(no_mangle)]
extern "C" fn info(engine: u32, now: f64) -> i32 {
    call(|desk| desk.info(engine, now))
}

#[unsafe(no_mangle)]
extern "C" fn state(engine: u32) -> i32 {
    call(|desk| desk.state(engine))
}

#[unsafe(no_mangle)]
extern "C" fn cursor(engine: u32, channel: u32) -> i32 {
    call(|desk| desk.cursor(engine, channel))
}

#[unsafe(no_mangle)]
extern "C" fn overlaps(engine: u32) -> i32 {
    call(|desk| desk.overlaps(engine))
}
